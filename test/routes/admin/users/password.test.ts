import { test } from 'tap'
import { sql } from '../../../../src/database/sql.ts'
import { build, cutOff, NO_SERVER, PASSWORD, post, testClock } from '../../../helpers/app.ts'
import { letters } from '../../../helpers/letters.ts'
import { actsOf, addAccount, DONE, FORBIDDEN, NOBODY, NOT_FOUND, operator, STALE } from '../../../helpers/operator.ts'

const NEXT = 'an even better horse battery staple'

test('PUT /admin/users/:id/password', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: NO_SERVER })
  const admin = await operator(fastify, 'ada.admin')
  const support = await operator(fastify, 'sue.support', ['support'])
  const bob = await operator(fastify, 'bob', [])
  const path = `/users/${bob.id}/password`
  const login = async (password: string) => (await post(fastify, '/login', { username: 'bob', password })).statusCode
  const sessions = async () =>
    (await admin.call('GET', `/users/${bob.id}/sessions`)).body.sessions.filter(
      ({ end_reason }: { end_reason: string | null }) => end_reason === null
    ).length

  await t.test('sets another password and ends the sessions, unless they are to be kept', async (t) => {
    t.strictSame(await admin.call('PUT', path, { new_password: NEXT, keep_sessions: true }), DONE)
    t.strictSame([await sessions(), await login(PASSWORD), await login(NEXT)], [1, 401, 200])
    t.strictSame(await admin.call('PUT', path, { new_password: PASSWORD }), DONE)
    t.strictSame([await sessions(), await login(NEXT), await login(PASSWORD)], [0, 401, 200])
    const detail = (count: number) => ({ count, by: admin.id })
    t.strictSame(
      (await actsOf(fastify)).map(({ action, account, detail }) => [action, account, detail]),
      [
        ['password set', bob.id, detail(0)],
        ['password set', bob.id, detail(2)]
      ]
    )
    t.strictSame(await letters(fastify), [], 'an account without an address hears nothing')
  })

  await t.test('sets the first password, and notifies a verified address', async (t) => {
    const id = await addAccount(fastify, { email: 'eve@example.com', verified: true, hash: null })
    t.strictSame(await admin.call('PUT', `/users/${id}/password`, { new_password: NEXT }), DONE)
    t.match(await letters(fastify), [{ template: 'password-changed', recipient: 'eve@example.com' }])
    t.equal((await post(fastify, '/login', { email: 'eve@example.com', password: NEXT })).statusCode, 200)
  })

  await t.test('refusals', async (t) => {
    t.match(await admin.call('PUT', path, { new_password: 'short' }), {
      statusCode: 400,
      body: { code: 'PASSWORD_REJECTED', errors: [{ path: '/new_password' }] }
    })
    t.match(await admin.call('PUT', path, {}), { statusCode: 400, body: { errors: [{ path: '/new_password' }] } })
    t.strictSame(await admin.call('PUT', `/users/${NOBODY}/password`, { new_password: NEXT }), NOT_FOUND)
    t.strictSame(await support.call('PUT', path, { new_password: NEXT }), FORBIDDEN)
    const restore = cutOff(fastify)
    t.equal((await admin.call('PUT', path, { new_password: NEXT })).statusCode, 503)
    restore()
    const { rows } = { rows: await fastify.database.open().query(sql`SELECT FROM audit WHERE action = 'password set'`) }
    t.equal(rows.length, 3)
    clock.advance(601)
    t.match(await admin.call('PUT', path, { new_password: NEXT }), STALE)
  })
})
