import { test } from 'tap'
import { createSession, LatchkeyError } from '../src/index.ts'

test('a session on the platform that there is', async (t) => {
  const session = createSession({
    service: 'https://auth.example.com',
    fetch: async () => Response.json({ code: 'INTERNAL', message: 'a fault' }, { status: 500 })
  })
  await t.rejects(session.accessToken(), new LatchkeyError(500, 'INTERNAL', { message: 'a fault' }))
  session.close()
})
