import type { Claims } from '@latchkey/client'
import type { components } from '@latchkey/client/api'
import { useEffect, useState } from 'react'
import { api, session } from './session.ts'

export function Account({ claims }: { claims: Claims }) {
  const [user, setUser] = useState<components['schemas']['User']>()
  const [fault, setFault] = useState('')

  useEffect(() => {
    api
      .GET('/me')
      .then(({ data, error }) => (data ? setUser(data) : setFault(error.message)))
      .catch((error: Error) => setFault(error.message))
  }, [])

  return (
    <section>
      <p role="status">{fault || `Hello ${claims.preferred_username ?? claims.sub}`}</p>
      <pre>{JSON.stringify(user, null, 2)}</pre>
      <button type="button" onClick={() => session.signOut().catch((error: Error) => setFault(error.message))}>
        Sign out
      </button>
    </section>
  )
}
