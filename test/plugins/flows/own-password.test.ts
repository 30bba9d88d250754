import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { answer, bearer, build, NO_SERVER, refusal, signIn } from '../../helpers/app.ts'
import { recorded } from '../../helpers/second-factor.ts'

const REFUSED = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The current password is wrong.')
}

const wrong = { current_password: 'not the password' }

const CASES = [
  ['POST', '/password/change', { ...wrong, new_password: 'another horse battery' }, 'password change failed', {}],
  ['POST', '/email/change', { ...wrong, new_email: 'ada@example.com' }, 'email change failed', {}],
  ['DELETE', '/me', wrong, 'account deletion failed', {}],
  ['POST', '/token/step-up', { password: 'not the password' }, 'step-up failed', { method: 'password' }]
] as const

test('a wrong current password is refused, recorded and counted in the same way on every route', async (t) => {
  const fastify = await build(t, { environment: { ...NO_SERVER, LIMITS: 'on' } })
  for (const [index, [method, url, payload, action, detail]] of CASES.entries()) {
    await t.test(`${method} ${url}`, async (t) => {
      const { access_token: token, user } = await signIn(fastify, { username: `user.${index}` })
      await fastify.database.open().query(sql`DELETE FROM limits`)
      const response = await fastify.inject({ method, url, payload, headers: bearer(token) })
      t.strictSame(answer(response), REFUSED)
      t.strictSame(await recorded(fastify, user.id, action), [
        { action, session: true, detail: { ...detail, reason: 'wrong password' } }
      ])
      const counted = await fastify.database.open().query(sql`SELECT FROM limits`)
      t.ok(counted.length > 0)
    })
  }
})
