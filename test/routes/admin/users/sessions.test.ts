import { test } from 'tap'
import { verifyAudit } from '../../../../src/audit/verify.ts'
import { sql } from '../../../../src/database/sql.ts'
import { bearer, build, PASSWORD, post } from '../../../helpers/app.ts'
import {
  actsOf,
  addAccount,
  DONE,
  FORBIDDEN,
  NOBODY,
  NOT_FOUND,
  operator,
  ROLE_PROTECTED
} from '../../../helpers/operator.ts'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

test('/admin/users/:id/sessions', async (t) => {
  const fastify = await build(t)
  const admin = await operator(fastify, 'ada.admin')
  const support = await operator(fastify, 'sue.support', ['support'])
  const bob = await operator(fastify, 'bob', [])
  const path = `/users/${bob.id}/sessions`
  const sidOf = async (token: string) => (await fastify.tokens.verify(token)).sid
  const first = await sidOf(bob.token)
  const login = async () => {
    const { access_token } = (await post(fastify, '/login', { username: 'bob', password: PASSWORD })).json()
    return sidOf(access_token)
  }
  const list = async () => (await support.call('GET', path)).body.sessions

  await t.test('are listed, active ones first', async (t) => {
    const second = await login()
    await fastify.database.open().query(sql`
      UPDATE sessions SET ended_at = now(), end_reason = 'logged out', last_used_at = now() + interval '1 hour'
      WHERE id = ${second}`)
    const { statusCode, body } = await support.call('GET', path)
    t.equal(statusCode, 200)
    t.match(body.sessions, [
      { id: first, ended_at: null, end_reason: null },
      { id: second, ended_at: TIME, end_reason: 'logged out' }
    ])
    t.strictSame(Object.keys(body.sessions[0]).sort(), [
      'created_at',
      'end_reason',
      'ended_at',
      'expires_at',
      'id',
      'ip',
      'last_used_at',
      'user_agent'
    ])
    t.match(body.sessions[0], { created_at: TIME, last_used_at: TIME, expires_at: TIME, ip: '127.0.0.1' })
    t.strictSame(await support.call('GET', `/users/${NOBODY}/sessions`), NOT_FOUND)
    const without = await addAccount(fastify, { username: 'carol' })
    t.match(await support.call('GET', `/users/${without}/sessions`), { statusCode: 200, body: { sessions: [] } })
  })

  await t.test('are ended one by one', async (t) => {
    const third = await login()
    t.strictSame(await support.call('DELETE', `${path}/${third}`), DONE)
    const ended = (await list()).find(({ id }: { id: string }) => id === third)
    t.match(ended, { ended_at: TIME, end_reason: 'ended by an operator' })
    t.strictSame(await support.call('DELETE', `${path}/${third}`), NOT_FOUND, 'an ended one')
    t.strictSame(await support.call('DELETE', `${path}/${await sidOf(admin.token)}`), NOT_FOUND, 'of another account')
    t.strictSame(await support.call('DELETE', `${path}/${NOBODY}`), NOT_FOUND, 'an unknown one')
    t.strictSame(await support.call('DELETE', `/users/${NOBODY}/sessions/${first}`), NOT_FOUND)
    t.match(await support.call('DELETE', `${path}/x`), { statusCode: 400, body: { errors: [{ path: '/session' }] } })
    t.equal((await fastify.inject({ url: '/me', headers: bearer(bob.token) })).statusCode, 200)
    t.strictSame(await actsOf(fastify), [
      { actor: 'admin', action: 'session ended', account: bob.id, session: third, detail: { by: support.id } }
    ])
  })

  await t.test('are ended all at once', async (t) => {
    t.strictSame(await support.call('DELETE', path), DONE)
    t.equal((await fastify.inject({ url: '/me', headers: bearer(bob.token) })).statusCode, 401)
    t.strictSame((await actsOf(fastify)).slice(1), [
      { actor: 'admin', action: 'sessions ended', account: bob.id, session: null, detail: { count: 1, by: support.id } }
    ])
  })

  await t.test('are ended by ids in upper case, with records that verify', async (t) => {
    const fourth = await login()
    t.strictSame(await support.call('DELETE', `/users/${bob.id.toUpperCase()}/sessions/${fourth.toUpperCase()}`), DONE)
    t.match((await actsOf(fastify)).at(-1), { action: 'session ended', account: bob.id, session: fourth })
    t.match(await verifyAudit(fastify.database.open(), fastify.audit.key), { fault: undefined })
  })

  await t.test('of an account with a reserved role by administrators alone', async (t) => {
    t.strictSame(await support.call('DELETE', `/users/${admin.id}/sessions`), ROLE_PROTECTED)
    const sid = await sidOf(admin.token)
    t.strictSame(await support.call('DELETE', `/users/${admin.id}/sessions/${sid}`), ROLE_PROTECTED)
    t.strictSame(await bob.call('GET', path).then(({ statusCode }) => statusCode), 401)
    const user = await operator(fastify, 'plain', [])
    t.strictSame(await user.call('DELETE', path), FORBIDDEN)
    t.strictSame(await admin.call('DELETE', `/users/${admin.id}/sessions`), DONE, 'also their own')
  })
})
