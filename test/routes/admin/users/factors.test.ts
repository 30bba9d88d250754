import { test } from 'tap'
import { sql } from '../../../../src/database/sql.ts'
import { build, NO_SERVER, PASSWORD, post, testClock } from '../../../helpers/app.ts'
import { letters } from '../../../helpers/letters.ts'
import { actsOf, DONE, FORBIDDEN, NOBODY, NOT_FOUND, operator, STALE } from '../../../helpers/operator.ts'
import { addPasskeyTo, ORIGIN } from '../../../helpers/passkeys.ts'
import { giveApp } from '../../../helpers/second-factor.ts'

test('DELETE /admin/users/:id/factors', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { ...NO_SERVER, PUBLIC_URL: ORIGIN } })
  const admin = await operator(fastify, 'ada.admin')
  const support = await operator(fastify, 'sue.support', ['support'])
  const bob = await operator(fastify, 'bob', [])
  const path = `/users/${bob.id}/factors`

  await addPasskeyTo(fastify, bob.token)
  await giveApp(fastify, bob.id)
  await fastify.database
    .open()
    .query(sql`UPDATE users SET email = 'bob@example.com', email_verified = true WHERE id = ${bob.id}`)
  await letters(fastify)
  t.match((await admin.call('GET', `/users/${bob.id}`)).body.factors, {
    required: true,
    totp: { created_at: /Z$/ },
    passkeys: 1,
    recovery_codes: 10
  })
  t.equal((await post(fastify, '/login', { username: 'bob', password: PASSWORD })).statusCode, 403)

  t.strictSame(await support.call('DELETE', path), FORBIDDEN)
  t.strictSame(await admin.call('DELETE', path), DONE)
  const none = { required: false, totp: null, passkeys: 0, recovery_codes: 0 }
  t.strictSame((await admin.call('GET', `/users/${bob.id}`)).body.factors, none)
  t.match(await letters(fastify), [
    { template: 'security-notice', recipient: 'bob@example.com', variables: { what: { text: 'factors reset' } } }
  ])
  const { body } = await admin.call('GET', `/users/${bob.id}/sessions`)
  t.match(body.sessions, [{ end_reason: 'factors reset' }])
  t.equal((await post(fastify, '/login', { username: 'bob', password: PASSWORD })).statusCode, 200)
  t.strictSame((await actsOf(fastify)).slice(-1), [
    { actor: 'admin', action: 'factors removed', account: bob.id, session: null, detail: { count: 1, by: admin.id } }
  ])

  t.strictSame(await admin.call('DELETE', path), DONE, 'again')
  t.strictSame(await admin.call('DELETE', `/users/${NOBODY}/factors`), NOT_FOUND)
  clock.advance(601)
  t.match(await admin.call('DELETE', path), STALE)
})
