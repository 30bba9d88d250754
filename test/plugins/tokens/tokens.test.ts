import { randomUUID } from 'node:crypto'
import type { FastifyRequest, InjectOptions } from 'fastify'
import { decodeJwt } from 'jose'
import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { readRefreshToken } from '../../../src/sessions/refresh-token.ts'
import {
  answer,
  BEARER,
  bearer,
  build,
  cutOff,
  INVALID_TOKEN,
  PASSWORD,
  post,
  refusal,
  signIn,
  testClock
} from '../../helpers/app.ts'

const COOKIE = /^refresh_token=([^;]+); Max-Age=(\d+); Path=\/; HttpOnly; SameSite=Strict$/
const ORIGIN = { origin: 'http://127.0.0.1:3000' }
const USER = { id: '01890a5d-ac96-774b-bcce-b302099a8057', username: 'ada' }
const WELCOME = { statusCode: 200, body: { message: 'Hello ada, this is the secret.' } }
const MISSING = refusal(401, 'Unauthorized', 'TOKEN_MISSING', 'A bearer token is needed here.')
const INVALID = refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.')
const EXPIRED = refusal(401, 'Unauthorized', 'TOKEN_EXPIRED', 'The token has expired.')
const AWAY = refusal(
  503,
  'Service Unavailable',
  'DATABASE_UNAVAILABLE',
  'The database cannot be reached; try again shortly.'
)

test('a route behind authenticate', async (t) => {
  const fastify = await build(t)
  const token = fastify.tokens.issue(USER, 'a session')
  const ask = (headers: Record<string, string>, more = {}) => fastify.inject({ url: '/secret', headers, ...more })

  const accepted: [string, Record<string, string>][] = [
    ['as it is', bearer(token)],
    ['seen before', bearer(token)],
    ['with the scheme in small letters', { authorization: `bearer ${token}` }],
    ['with the scheme in capitals', { authorization: `BEARER ${token}` }],
    ['with more than one space', { authorization: `Bearer   ${token}  ` }]
  ]
  for (const [what, headers] of accepted) {
    await t.test(`takes a token ${what}`, async (t) => t.strictSame(answer(await ask(headers)), WELCOME))
  }

  const missing: [string, Record<string, string>][] = [
    ['no header', {}],
    ['an empty header', { authorization: '' }],
    ['the scheme Basic', { authorization: 'Basic YWRhOnBhc3N3b3Jk' }],
    ['the scheme DPoP', { authorization: `DPoP ${token}` }],
    ['a scheme that only begins like Bearer', { authorization: `Bearers ${token}` }],
    ['the token without a scheme', { authorization: token }],
    ['the token in a cookie', { cookie: `access_token=${token}` }]
  ]
  for (const [what, headers] of missing) {
    await t.test(`asks for a token at ${what}`, async (t) => {
      const response = await ask(headers)
      t.strictSame(answer(response), { statusCode: 401, body: MISSING })
      t.match(response.headers, BEARER)
      t.notMatch(response.headers['www-authenticate'], 'error')
    })
  }

  const invalid: [string, Record<string, string>][] = [
    ['Bearer and nothing', { authorization: 'Bearer' }],
    ['Bearer and a space', { authorization: 'Bearer ' }],
    ['Bearer and rubbish', { authorization: 'Bearer rubbish' }],
    ['two tokens', { authorization: `Bearer ${token}, Bearer ${token}` }]
  ]
  for (const [what, headers] of invalid) {
    await t.test(`refuses ${what}`, async (t) => {
      const response = await ask(headers)
      t.strictSame(answer(response), { statusCode: 401, body: INVALID })
      t.match(response.headers, INVALID_TOKEN)
    })
  }

  await t.test('does not take a token from the query', async (t) => {
    const response = await fastify.inject(`/secret?access_token=${token}`)
    t.strictSame(answer(response), { statusCode: 401, body: MISSING })
  })

  await t.test('asks who is there before it looks at anything else', async (t) => {
    const oversized = { 'content-type': 'application/json', 'content-length': '20000' }
    const requests: [string, object][] = [
      ['an unknown key in the query', { url: '/secret?x=1', headers: {} }],
      ['a body that is too large', { headers: oversized, payload: 'x'.repeat(20_000) }],
      ['a body that is no JSON', { headers: { 'content-type': 'application/json' }, payload: '{' }],
      ['a body of another type', { headers: { 'content-type': 'text/xml' }, payload: '<x/>' }]
    ]
    for (const [what, request] of requests) {
      t.strictSame(answer(await ask({}, request)), { statusCode: 401, body: MISSING }, what)
    }
    const response = await fastify.inject({ url: '/secret?x=1', headers: bearer(token) })
    t.strictSame(answer(response), {
      statusCode: 400,
      body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', [
        { path: '/x', message: 'is not a known key' }
      ])
    })
  })
})

test('a route behind authenticateSession', async (t) => {
  const clock = testClock()
  const fastify = await build(t, {
    clock,
    environment: { ACCESS_TOKEN_TTL: '5000', REFRESH_IDLE_TTL: '1000', REFRESH_MAX_TTL: '3000' }
  })
  const me = (headers: Record<string, string>) => fastify.inject({ url: '/me', headers })

  await t.test('sets the claims and the user', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'Ada', email: 'ada@example.com' })
    const request = { headers: bearer(token), database: fastify.database.open() } as unknown as FastifyRequest
    await fastify.tokens.authenticateSession(request)
    t.strictSame(request.account, { ...user, mfaRequired: false, hasPassword: true, roles: [] })
    t.strictSame(request.user, await fastify.tokens.verify(token))
    t.equal(request.user.sub, user.id)
  })

  await t.test('accepts the scheme in upper and lower case', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'bea' })
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      t.strictSame(answer(await me({ authorization: `${scheme} ${token}` })), { statusCode: 200, body: user })
    }
  })

  const { access_token: token, refresh_token: refreshToken, user } = await signIn(fastify, { username: 'cleo' })
  const { sid } = await fastify.tokens.verify(token)
  const stranger = await signIn(fastify, { username: 'eve' })
  const refused: [string, Record<string, string>, object, object][] = [
    ['no header', {}, MISSING, BEARER],
    ['another scheme', { authorization: `Basic ${token}` }, MISSING, BEARER],
    ['nothing after Bearer', { authorization: 'Bearer' }, INVALID, INVALID_TOKEN],
    ['rubbish', bearer('rubbish'), INVALID, INVALID_TOKEN],
    ['a refresh token', bearer(refreshToken), INVALID, INVALID_TOKEN],
    ['an unknown session', bearer(fastify.tokens.issue(user, randomUUID())), INVALID, INVALID_TOKEN],
    ['the session of another', bearer(fastify.tokens.issue(stranger.user, sid)), INVALID, INVALID_TOKEN]
  ]
  for (const [what, headers, body, challenge] of refused) {
    await t.test(`refuses ${what}`, async (t) => {
      const response = await me(headers)
      t.strictSame(answer(response), { statusCode: 401, body })
      t.match(response.headers, challenge)
      if (challenge === BEARER) t.notMatch(response.headers['www-authenticate'], 'error')
    })
  }

  await t.test('asks who is there before it looks at anything else', async (t) => {
    const json = { 'content-type': 'application/json' }
    const requests: InjectOptions[] = [
      { url: '/me?x=1' },
      { method: 'DELETE', url: '/sessions/x' },
      { method: 'POST', url: '/password/change', headers: json, payload: '{' },
      { method: 'POST', url: '/password/change', headers: json, payload: `"${'x'.repeat(20_000)}"` },
      { method: 'POST', url: '/password/change', headers: { 'content-type': 'text/xml' }, payload: '<x/>' }
    ]
    for (const request of requests) {
      t.strictSame(answer(await fastify.inject(request)), { statusCode: 401, body: MISSING }, String(request.url))
    }
  })

  await t.test('queries the database only for a valid token', async (t) => {
    const restore = cutOff(fastify)
    t.strictSame(answer(await me(bearer('rubbish'))), { statusCode: 401, body: INVALID })
    const response = await me(bearer(token))
    restore()
    t.strictSame(answer(response), { statusCode: 503, body: AWAY })
    t.equal(response.headers['retry-after'], '2')
    t.strictSame(answer(await me(bearer(token))), { statusCode: 200, body: user })
  })

  await t.test('refuses a token as soon as its session has ended, whether or not there is a new one', async (t) => {
    t.equal((await post(fastify, '/logout', { refresh_token: refreshToken })).statusCode, 204)
    for (const each of [token, fastify.tokens.issue(user, sid)]) {
      const response = await me(bearer(each))
      t.strictSame(answer(response), { statusCode: 401, body: INVALID })
      t.match(response.headers, INVALID_TOKEN)
    }
  })

  await t.test('refuses the token of an idle session that has expired', async (t) => {
    const { access_token: idle } = await signIn(fastify, { username: 'dora' })
    clock.advance(1000)
    t.strictSame(answer(await me(bearer(idle))), { statusCode: 401, body: INVALID })
  })

  await t.test('reports an expired token as such, whatever the state of its session', async (t) => {
    clock.advance(5000)
    const response = await me(bearer(token))
    t.strictSame(answer(response), { statusCode: 401, body: EXPIRED })
    t.match(response.headers, INVALID_TOKEN)
  })
})

test('the tokens of a session', async (t) => {
  const clock = testClock()
  const fastify = await build(t, {
    clock,
    environment: { ACCESS_TOKEN_TTL: '60', REFRESH_IDLE_TTL: '3600', REFRESH_MAX_TTL: '5400' }
  })
  const { user } = await signIn(fastify, { username: 'Ada', email: 'ada@example.com' })
  const login = (more: object = {}) => post(fastify, '/login', { username: 'ada', password: PASSWORD, ...more })

  await t.test('are an access token and a refresh token of the same session', async (t) => {
    const response = await login()
    t.strictSame(Object.keys(response.json()), ['access_token', 'token_type', 'expires_in', 'refresh_token'])
    const { access_token: accessToken, refresh_token: refreshToken, ...rest } = response.json()
    t.strictSame(rest, { token_type: 'Bearer', expires_in: 60 })
    t.match(decodeJwt(accessToken), {
      sub: user.id,
      sid: readRefreshToken(refreshToken)?.session,
      preferred_username: 'Ada'
    })
    t.equal(response.headers['set-cookie'], undefined)
  })

  await t.test('name no username where there is none', async (t) => {
    const { access_token: token } = await signIn(fastify, { email: 'grace@example.com' })
    t.notOk('preferred_username' in decodeJwt(token))
  })

  await t.test('have the roles of the user as they are when each is made', async (t) => {
    const give = (...roles: string[]) =>
      fastify.database.open().query(sql`UPDATE users SET roles = ${roles} WHERE id = ${user.id}`)
    const rolesOf = ({ access_token }: { access_token: string }) => decodeJwt(access_token).roles
    await give('admin', 'editor')
    const first = (await login()).json()
    t.strictSame(rolesOf(first), ['admin', 'editor'])
    await give('editor')
    const second = await post(fastify, '/token/refresh', { refresh_token: first.refresh_token })
    t.strictSame(rolesOf(second.json()), ['editor'])
    await give('support')
    const third = await post(fastify, '/token/step-up', { password: PASSWORD }, bearer(first.access_token))
    t.strictSame(rolesOf(third.json()), ['support'])
    await give()
    const { refresh_token } = second.json()
    t.equal(rolesOf((await post(fastify, '/token/refresh', { refresh_token })).json()), undefined)
    t.strictSame((await fastify.inject({ url: '/me', headers: bearer(first.access_token) })).json(), user)
  })

  await t.test('have the refresh token in a cookie alone, in browser mode', async (t) => {
    const response = await login({ cookie: true })
    t.strictSame(Object.keys(response.json()), ['access_token', 'token_type', 'expires_in'])
    const { access_token: accessToken, ...rest } = response.json()
    t.strictSame(rest, { token_type: 'Bearer', expires_in: 60 })
    const [, text = '', maxAge = ''] = COOKIE.exec(String(response.headers['set-cookie'])) ?? []
    t.match(decodeJwt(accessToken), { sub: user.id, sid: readRefreshToken(text)?.session })
    t.ok(Math.abs(Number(maxAge) - 3600) <= 5, maxAge)
    t.notMatch(response.body, text)
  })

  await t.test('are made anew at each refresh, and the cookie lives no longer than the session can', async (t) => {
    const first = await login({ cookie: true })
    const [, text = ''] = COOKIE.exec(String(first.headers['set-cookie'])) ?? []
    clock.advance(3000)
    const second = await post(fastify, '/token/refresh', {}, { ...ORIGIN, cookie: `refresh_token=${text}` })
    t.strictSame(Object.keys(second.json()), ['access_token', 'token_type', 'expires_in'])
    const [before, after] = [first, second].map((response) => decodeJwt(response.json().access_token))
    t.equal(after?.sid, before?.sid)
    t.not(after?.jti, before?.jti)
    t.ok(Math.abs(Number(after?.exp) - clock.now() / 1000 - 60) <= 5)
    const [, successor = '', maxAge = ''] = COOKIE.exec(String(second.headers['set-cookie'])) ?? []
    t.not(successor, text)
    t.equal(readRefreshToken(successor)?.session, readRefreshToken(text)?.session)
    t.ok(Math.abs(Number(maxAge) - 2400) <= 5, maxAge)
  })
})
