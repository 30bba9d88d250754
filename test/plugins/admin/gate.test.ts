import { createSigner } from 'fast-jwt'
import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { listAudit } from '../../../src/audit/list.ts'
import { sql } from '../../../src/database/sql.ts'
import { limitKey } from '../../../src/limits/counter-keys.ts'
import { withLowS } from '../../../src/tokens/es256.ts'
import { answer, bearer, build, PASSWORD, post, refusal, testClock } from '../../helpers/app.ts'
import { addAccount, callerOf, FORBIDDEN, machine, operator, ROLE_PROTECTED, TOO_MANY } from '../../helpers/operator.ts'
import { giveApp } from '../../helpers/second-factor.ts'

/** The same token with other claims, signed by the service. */
function withClaims(fastify: FastifyInstance, token: string, claims: object): string {
  const { kid, privateKey } = fastify.keys.signingKey()
  const payload = JSON.parse(Buffer.from(String(token.split('.')[1]), 'base64url').toString())
  const sign = createSigner({ key: privateKey, algorithm: 'ES256', kid, header: { alg: 'ES256', typ: 'at+jwt' } })
  return withLowS(sign({ ...payload, ...claims }))
}

const refusals = async (fastify: FastifyInstance) => {
  await fastify.audit.flush()
  const records = await listAudit(fastify.database.open(), { action: 'admin refused', limit: 100 })
  return records.map(({ actor, account, detail }) => ({ actor, account, detail }))
}

test('who may call the admin API', async (t) => {
  const clock = testClock({ still: true })
  const fastify = await build(t, { clock })
  const database = fastify.database.open()
  const admin = await operator(fastify, 'root-admin')
  const support = await operator(fastify, 'helper', ['editor', 'support'])
  const user = await operator(fastify, 'plain', ['administrator', 'editor'])
  const list = (token: string) => callerOf(fastify, '', token).call('GET', '/users?limit=1')

  await t.test('an account with a reserved role, whatever its token says', async (t) => {
    t.equal((await admin.call('GET', '/users')).statusCode, 200)
    t.equal((await support.call('GET', '/users')).statusCode, 200)
    const refused = await user.send('GET', '/users')
    t.strictSame(answer(refused), FORBIDDEN)
    t.equal(refused.headers['www-authenticate'], 'Bearer error="insufficient_scope"')
    t.strictSame(await list(withClaims(fastify, user.token, { roles: ['admin'] })), FORBIDDEN)
  })

  await t.test('by its roles with each request', async (t) => {
    const setRoles = (roles: string[]) => database.query(sql`UPDATE users SET roles = ${roles} WHERE id = ${user.id}`)
    await setRoles(['admin'])
    t.equal((await list(user.token)).statusCode, 200)
    await setRoles(['editor'])
    t.strictSame(await list(user.token), FORBIDDEN)
  })

  await t.test('not a token of another client, nor one of somebody who acts for another', async (t) => {
    t.equal((await list(withClaims(fastify, admin.token, { client_id: undefined }))).statusCode, 200, 'an older one')
    for (const claims of [{ client_id: 'an-app' }, { act: { sub: support.id } }, { act: null }]) {
      t.strictSame(await list(withClaims(fastify, admin.token, claims)), FORBIDDEN, JSON.stringify(claims))
    }
  })

  await t.test('nobody without a token, and not by a cookie, a query or Basic', async (t) => {
    const missing = refusal(401, 'Unauthorized', 'TOKEN_MISSING', 'A bearer token is needed here.')
    const requests = [
      {},
      { cookie: `refresh_token=${admin.token}; __Host-refresh_token=${admin.token}` },
      { authorization: `Basic ${Buffer.from(`x:${admin.token}`).toString('base64')}` }
    ]
    for (const headers of requests) {
      t.strictSame(answer(await fastify.inject({ url: '/admin/users', headers })), { statusCode: 401, body: missing })
    }
    const query = await fastify.inject(`/admin/users?access_token=${admin.token}`)
    t.strictSame(answer(query), { statusCode: 401, body: missing })
    t.match(await list('rubbish'), { statusCode: 401, body: { code: 'TOKEN_INVALID' } })
  })

  await t.test('support may help and read, and no more', async (t) => {
    t.equal((await support.call('GET', '/audit')).statusCode, 200)
    t.strictSame(await support.call('POST', '/users', { username: 'new' }), FORBIDDEN)
    t.strictSame(await support.call('DELETE', `/users/${user.id}`), FORBIDDEN)
    t.strictSame(await support.call('PATCH', `/users/${user.id}`, { metadata: {} }), FORBIDDEN)
    t.strictSame(await support.call('PATCH', `/users/${user.id}`, { disabled: false }), FORBIDDEN)
    t.strictSame(await support.call('PATCH', `/users/${user.id}`, { disabled: true, username: 'x12' }), FORBIDDEN)
    t.equal((await support.call('PATCH', `/users/${user.id}`, { disabled: true })).statusCode, 200)
  })

  await t.test('a refusal is recorded once a minute for an account and a route', async (t) => {
    const records = await refusals(fastify)
    const detail = (by: string, reason: string, route: string) => ({ reason, by, route })
    t.strictSame(records, [
      { actor: 'client', account: user.id, detail: detail(user.id, 'no role', 'GET /admin/users') },
      { actor: 'client', account: admin.id, detail: detail(admin.id, 'other client', 'GET /admin/users') },
      { actor: 'admin', account: null, detail: detail(support.id, 'missing scope', 'POST /admin/users') },
      { actor: 'admin', account: null, detail: detail(support.id, 'missing scope', 'DELETE /admin/users/:id') },
      { actor: 'admin', account: null, detail: detail(support.id, 'missing scope', 'PATCH /admin/users/:id') }
    ])
    clock.advance(60)
    await support.call('DELETE', `/users/${user.id}`)
    t.equal((await refusals(fastify)).length, records.length + 1)
  })

  await t.test('what is sensitive needs a fresh access token', async (t) => {
    clock.advance(601)
    const stale = await admin.send('DELETE', `/users/${user.id}`)
    t.match(answer(stale), {
      statusCode: 401,
      body: { code: 'STEP_UP_REQUIRED', challenge: { factors: ['password'] } }
    })
    t.equal(stale.headers['www-authenticate'], 'Bearer error="insufficient_user_authentication", max_age=600')
    t.equal((await admin.call('GET', '/users')).statusCode, 200)
    const stepped = await post(fastify, '/token/step-up', { password: PASSWORD }, bearer(admin.token))
    const fresh = callerOf(fastify, admin.id, stepped.json().access_token)
    t.strictSame(await fresh.call('DELETE', `/users/${user.id}`), { statusCode: 204, body: '' })
  })

  await t.test('a session that has ended is none', async (t) => {
    await database.query(sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out'`)
    t.match(await admin.call('GET', '/users'), { statusCode: 401, body: { code: 'TOKEN_INVALID' } })
  })
})

test('service keys at the admin API', async (t) => {
  const clock = testClock({ still: true })
  const fastify = await build(t, { clock })
  const reader = await machine(fastify, ['users:read'], 'reader')
  const writer = await machine(fastify, ['users:write', 'users:read'], 'writer')
  const helper = await machine(fastify, ['users:help', 'audit:read'], 'helper')
  const bob = await addAccount(fastify, { username: 'bob' })
  const support = await addAccount(fastify, { username: 'sue', roles: ['support'] })

  await t.test('may do what their scopes say', async (t) => {
    t.equal((await reader.call('GET', `/users/${bob}`)).statusCode, 200)
    const refused = await reader.send('POST', '/users', { username: 'eve' })
    t.strictSame(answer(refused), FORBIDDEN)
    t.equal(refused.headers['www-authenticate'], 'Bearer error="insufficient_scope", scope="users:write"')
    t.strictSame(await helper.call('GET', '/users'), FORBIDDEN)
    t.equal((await helper.call('GET', '/audit')).statusCode, 200)
    t.equal((await helper.call('PATCH', `/users/${bob}`, { disabled: true })).statusCode, 200)
    t.strictSame(await helper.call('PATCH', `/users/${bob}`, { disabled: false }), FORBIDDEN)
  })

  await t.test('need no fresh access token', async (t) => {
    clock.advance(3600)
    t.equal((await writer.call('PATCH', `/users/${bob}`, { roles: ['editor'], disabled: false })).statusCode, 200)
    t.equal((await writer.call('PUT', `/users/${bob}/password`, { new_password: PASSWORD })).statusCode, 204)
    t.equal((await writer.call('POST', '/users', { username: 'eve', roles: ['editor'] })).statusCode, 201)
  })

  await t.test('never make an administrator, nor change one', async (t) => {
    for (const role of ['admin', 'support']) {
      const errors = [{ path: '/roles', message: 'has a reserved role', rule: 'reserved' }]
      const refusal = { statusCode: 403, body: { ...ROLE_PROTECTED.body, errors } }
      t.strictSame(await writer.call('POST', '/users', { username: 'mallory', roles: [role] }), refusal)
      const weak = { username: 'mallory', password: 'short', roles: [role] }
      t.strictSame(await writer.call('POST', '/users', weak), refusal, 'whatever the password')
      t.strictSame(await writer.call('PATCH', `/users/${bob}`, { roles: ['editor', role] }), refusal)
    }
    t.strictSame(await writer.call('PUT', `/users/${support}/password`, { new_password: 'short' }), ROLE_PROTECTED)
    t.strictSame(await writer.call('PATCH', `/users/${support}`, { roles: [] }), ROLE_PROTECTED)
    t.strictSame(await writer.call('PATCH', `/users/${support}`, { metadata: { a: 1 } }), ROLE_PROTECTED)
    t.strictSame(await writer.call('PUT', `/users/${support}/password`, { new_password: PASSWORD }), ROLE_PROTECTED)
    t.strictSame(await writer.call('DELETE', `/users/${support}/factors`), ROLE_PROTECTED)
    t.strictSame(await writer.call('DELETE', `/users/${support}`), ROLE_PROTECTED)
    t.strictSame(await helper.call('DELETE', `/users/${support}/sessions`), ROLE_PROTECTED)
  })

  await t.test('give no reserved username', async (t) => {
    const reserved = await writer.call('POST', '/users', { username: 'admin' })
    t.match(reserved, { statusCode: 409, body: { code: 'ACCOUNT_EXISTS' } })
    t.match(await writer.call('PATCH', `/users/${bob}`, { username: 'Admin' }), { statusCode: 409 })
    t.equal((await writer.call('PATCH', `/users/${bob}`, { username: 'BOB' })).statusCode, 200)
    const nameless = await addAccount(fastify, { email: 'x@example.com' })
    t.match(await writer.call('PATCH', `/users/${nameless}`, { username: 'admin' }), { statusCode: 409 })
  })

  await t.test('are refused from a browser, in part, and once they are no more', async (t) => {
    const get = (authorization: string, headers = {}) =>
      fastify.inject({ url: '/admin/users', headers: { authorization, ...headers } })
    const inBrowser = await get(`Bearer ${reader.token}`, { origin: 'https://app.example' })
    t.strictSame(answer(inBrowser), FORBIDDEN)
    for (const wrong of [reader.token.slice(0, -1), `${reader.token}0`, reader.token.replace(reader.id, writer.id)]) {
      t.match(answer(await get(`Bearer ${wrong}`)), { statusCode: 401, body: { code: 'TOKEN_INVALID' } })
    }
    t.equal((await get(`Basic ${Buffer.from(`x:${reader.token}`).toString('base64')}`)).statusCode, 401)
    t.equal((await fastify.inject(`/admin/users?access_token=${reader.token}`)).statusCode, 401)
    await fastify.database.open().query(sql`DELETE FROM service_keys WHERE id = ${reader.id}`)
    t.match(answer(await get(`Bearer ${reader.token}`)), { statusCode: 401, body: { code: 'TOKEN_INVALID' } })
  })

  await t.test('are named by what is recorded', async (t) => {
    await fastify.audit.flush()
    const records = await listAudit(fastify.database.open(), { by: writer.id, limit: 100 })
    t.ok(records.every(({ actor }) => actor === 'key'))
    t.ok(records.some(({ action, detail }) => action === 'admin refused' && detail?.reason === 'protected role'))
    t.ok(records.some(({ action, account }) => action === 'roles changed' && account === bob))
    const browser = await listAudit(fastify.database.open(), { by: reader.id, action: 'admin refused', limit: 9 })
    t.match(
      browser.map(({ detail }) => detail?.reason),
      ['missing scope', 'from a browser']
    )
  })
})

test('with ADMIN_MFA every request needs a second factor', async (t) => {
  const fastify = await build(t, { environment: { ADMIN_MFA: 'on' } })
  const admin = await operator(fastify, 'root-admin')
  const refused = await admin.send('GET', '/users')
  t.match(answer(refused), { statusCode: 401, body: { code: 'STEP_UP_REQUIRED', challenge: { factors: [] } } })
  t.equal(
    refused.headers['www-authenticate'],
    'Bearer error="insufficient_user_authentication", max_age=600, acr_values="aal2"'
  )
  const app = await giveApp(fastify, admin.id, { required: false })
  t.match(await admin.call('GET', '/users'), { body: { challenge: { factors: ['totp', 'recovery_code'] } } })
  const stepped = await post(fastify, '/token/step-up', { totp: app.code(1) }, bearer(admin.token))
  t.equal((await callerOf(fastify, admin.id, stepped.json().access_token).call('GET', '/users')).statusCode, 200)
})

test('the limits of the admin API', async (t) => {
  const clock = testClock({ still: true })
  const fastify = await build(t, { clock, environment: { LIMITS: 'on' } })
  const late = await operator(fastify, 'late-admin')
  clock.advance(901)
  const admin = await operator(fastify, 'root-admin')
  const gone = await operator(fastify, 'gone-admin')
  await fastify.database
    .open()
    .query(sql`UPDATE sessions SET ended_at = now(), end_reason = 'logged out' WHERE user_id = ${gone.id}`)
  const keyOf = (id: string) => limitKey(fastify.deriveKey('limits'), 'operator', id)
  const from = (remoteAddress: string, token: string) =>
    fastify.inject({ url: '/admin/users?limit=1', headers: bearer(token), remoteAddress })

  await t.test('60 wrong bearer tokens of an address in 5 minutes', async (t) => {
    const statuses = new Set<number>()
    for (let index = 0; index < 60; index++) {
      statuses.add((await from('198.51.100.1', 'wrong')).statusCode)
      statuses.add((await from('198.51.100.1', gone.token)).statusCode)
    }
    t.strictSame([...statuses], [401], 'a token whose session has ended does not count')
    const refused = await from('198.51.100.1', 'wrong')
    t.strictSame(answer(refused), TOO_MANY)
    t.ok(Number(refused.headers['retry-after']) > 0)
    t.equal((await from('198.51.100.1', admin.token)).statusCode, 200, 'a right one is none of them')
    t.match((await from('198.51.100.1', late.token)).json(), { statusCode: 401, code: 'TOKEN_EXPIRED' })
    t.match((await from('198.51.100.1', gone.token)).json(), { statusCode: 401, code: 'TOKEN_INVALID' })
    t.equal((await from('198.51.100.2', 'wrong')).statusCode, 401, 'another address has its own')
    clock.advance(300)
    t.equal((await from('198.51.100.1', 'wrong')).statusCode, 401)
  })

  await t.test('600 requests of an account in a minute, from wherever', async (t) => {
    clock.advance(60)
    t.equal((await from('198.51.100.3', admin.token)).statusCode, 200)
    const database = fastify.database.open()
    const counted = await database.query(sql`UPDATE limits SET count = 599 WHERE key = ${keyOf(admin.id)} RETURNING 1`)
    t.equal(counted.length, 1)
    t.equal((await from('198.51.100.3', admin.token)).statusCode, 200)
    t.strictSame(answer(await from('198.51.100.4', admin.token)), TOO_MANY)
    clock.advance(60)
    t.equal((await from('198.51.100.4', admin.token)).statusCode, 200)
  })
})

test('with ADMIN=off there is no admin API', async (t) => {
  const fastify = await build(t, { environment: { ADMIN: 'off' } })
  const admin = await operator(fastify, 'root-admin')
  const id = admin.id
  const paths = ['/users', `/users/${id}`, `/users/${id}/sessions`, '/audit', '/stats', '/keys', '/service-keys']
  for (const path of paths) {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'DELETE'] as const) {
      t.equal((await admin.send(method, path)).statusCode, 404, `${method} ${path}`)
    }
  }
})
