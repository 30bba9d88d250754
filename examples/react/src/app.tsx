import { useSession } from '@latchkey/client/react'
import { useEffect, useState } from 'react'
import { Account } from './account.tsx'
import { session } from './session.ts'
import { SignIn } from './sign-in.tsx'

export function App() {
  const claims = useSession(session)
  const [isAway, setAway] = useState(false)

  // Finds out whether somebody is signed in.
  useEffect(() => {
    session.accessToken().catch(() => setAway(true))
  }, [])

  return (
    <main>
      <h1>A frontend with React</h1>
      {claims && <Account key={claims.sid} claims={claims} />}
      {claims === null && <SignIn />}
      {claims === undefined && <p role="status">{isAway ? 'The service cannot be reached. Please reload.' : ''}</p>}
    </main>
  )
}
