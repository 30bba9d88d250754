import { randomUUID } from 'node:crypto'
import type { InjectOptions } from 'fastify'
import { test } from 'tap'
import { bearer, build, cutOff, exchange, listen, post, signIn, testClock } from './helpers/app.ts'
import { tokenOf } from './helpers/letters.ts'

const METRICS_KEY = 'metrics-key-that-nobody-must-ever-read'
const INTROSPECTION_KEY = 'introspection-key-that-nobody-must-ever-read'
const SECRET_KEY = 'secret-key-that-nobody-must-ever-read-1'
const CHOSEN = 'chosen-Passw0rd-that-is-secret'
const NEXT = 'next-Passw0rd-that-is-secret'
const WRONG = 'wrong-Passw0rd-that-is-secret'
const IN_PATH = 'secret-in-the-path'
const IN_QUERY = 'secret-in-the-query'
const IN_KEY = 'secret-for-a-key'
const IN_HEADER = 'secret-in-a-header'
const EMAIL = 'private.person@example.com'
const NEW_EMAIL = 'other.private.person@example.com'

test('the log at its most talkative', async (t) => {
  const log: string[] = []
  const clock = testClock()
  const fastify = await build(t, {
    clock,
    log,
    environment: {
      LOG_LEVEL: 'trace',
      INTROSPECTION_KEY,
      METRICS_KEY,
      SECRET_KEY,
      CORS_ORIGINS: 'https://app.example'
    }
  })
  const register = await post(fastify, '/register', { username: 'ada', email: EMAIL, password: CHOSEN })
  t.equal(register.statusCode, 201)
  const login = await post(fastify, '/login', { email: EMAIL, password: CHOSEN })
  const { access_token: token, refresh_token: refreshToken } = login.json()
  const browser = await post(fastify, '/login', { email: EMAIL, password: CHOSEN, cookie: true })
  const [cookie = ''] = String(browser.headers['set-cookie']).split(';')
  const refreshed = await post(fastify, '/token/refresh', { refresh_token: refreshToken })
  const { refresh_token: successor } = refreshed.json()
  const verification = await tokenOf(fastify, 'verify-email')
  await post(fastify, '/password/forgot', { email: EMAIL })
  const reset = await tokenOf(fastify, 'reset-password')
  await post(fastify, '/email/change', { new_email: NEW_EMAIL, current_password: CHOSEN }, bearer(token))
  const confirmation = await tokenOf(fastify, 'confirm-new-email')
  log.length = 0

  const json = { 'content-type': 'application/json' }
  const send = (url: string, payload: string | object, headers = {}): InjectOptions => ({
    method: 'POST',
    url,
    headers: { ...json, ...headers },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload)
  })
  const requests: [request: InjectOptions, route: string | undefined, statusCode: number][] = [
    [send('/register', { username: 'grace', password: CHOSEN }), '/register', 201],
    [send('/register', { username: 'ada', password: CHOSEN }), '/register', 409],
    [send('/register', { email: EMAIL, password: `${WRONG}${'x'.repeat(72)}` }), '/register', 400],
    [send('/register', { username: WRONG.repeat(3), password: CHOSEN, [IN_KEY]: CHOSEN }), '/register', 400],
    [send('/login', { username: 'ada', password: CHOSEN }), '/login', 200],
    [send('/login', { username: 'ada', password: WRONG }), '/login', 401],
    [send('/login', { username: EMAIL, password: CHOSEN, x: WRONG }), '/login', 400],
    [send('/login', `{"username":"ada","password":"${WRONG}"`), '/login', 400],
    [send('/login', `{"username":"ada","password":"${WRONG}\\u0000"}`), '/login', 400],
    [send('/login', WRONG.repeat(1000)), '/login', 413],
    [send('/login', WRONG, { 'content-type': 'text/plain' }), '/login', 415],
    [send(`/login?password=${IN_QUERY}`, { username: 'ada', password: CHOSEN }), '/login', 400],
    [{ url: '/secret', headers: bearer(token) }, '/secret', 200],
    [{ url: '/secret', headers: bearer(`${token}x`) }, '/secret', 401],
    [{ url: '/secret', headers: { authorization: `Basic ${IN_HEADER}` } }, '/secret', 401],
    [{ url: `/secret?access_token=${token}` }, '/secret', 401],
    [{ url: `/secret?x=${IN_QUERY}`, headers: bearer(token) }, '/secret', 400],
    [{ url: '/me', headers: bearer(token) }, '/me', 200],
    [{ url: '/me', headers: bearer(refreshToken) }, '/me', 401],
    [send('/token/refresh', { refresh_token: refreshToken }), '/token/refresh', 200],
    [send('/token/refresh', {}, { cookie, origin: 'https://app.example' }), '/token/refresh', 200],
    [send('/token/refresh', {}, { cookie, origin: 'https://attacker.example' }), '/token/refresh', 403],
    [send('/token/refresh', { refresh_token: refreshToken, [IN_KEY]: 1 }), '/token/refresh', 400],
    [send('/introspect', { token }, bearer(INTROSPECTION_KEY)), '/introspect', 200],
    [send('/introspect', { token: successor }, bearer(INTROSPECTION_KEY)), '/introspect', 200],
    [
      send('/introspect', `token=${token}&token=${WRONG}`, {
        'content-type': 'application/x-www-form-urlencoded',
        ...bearer(INTROSPECTION_KEY)
      }),
      '/introspect',
      400
    ],
    [send('/introspect', { token }, bearer(`${INTROSPECTION_KEY}x`)), '/introspect', 401],
    [{ url: '/sessions', headers: bearer(token) }, '/sessions', 200],
    [{ method: 'DELETE', url: `/sessions/${randomUUID()}`, headers: bearer(token) }, '/sessions/:id', 404],
    [{ method: 'DELETE', url: `/sessions/${IN_PATH}`, headers: bearer(token) }, '/sessions/:id', 400],
    [send('/password/change', { current_password: WRONG, new_password: NEXT }, bearer(token)), '/password/change', 401],
    [
      send('/password/change', { current_password: CHOSEN, new_password: EMAIL }, bearer(token)),
      '/password/change',
      400
    ],
    [{ url: '/me/export', headers: bearer(token) }, '/me/export', 200],
    [{ method: 'PATCH', url: '/me', headers: bearer(token), payload: { username: 'grace' } }, '/me', 409],
    [{ method: 'DELETE', url: '/me', headers: bearer(token), payload: { current_password: WRONG } }, '/me', 401],
    [send('/password/forgot', { email: EMAIL }), '/password/forgot', 202],
    [send('/email/resend', { email: `x.${EMAIL}` }), '/email/resend', 202],
    [send('/email/verify', { token: WRONG, password: CHOSEN }), '/email/verify', 400],
    [send(`/email/verify?token=${IN_QUERY}`, { token: verification, password: CHOSEN }), '/email/verify', 400],
    [send('/email/verify', { token: verification, password: CHOSEN }), '/email/verify', 204],
    [send('/password/reset', { token: reset, new_password: EMAIL }), '/password/reset', 400],
    [send('/email/change', { new_email: NEW_EMAIL, current_password: WRONG }, bearer(token)), '/email/change', 401],
    [send('/email/change/confirm', { token: confirmation }), '/email/change/confirm', 204],
    [send('/email/change/undo', { token: reset }), '/email/change/undo', 400],
    [{ url: '/metrics', headers: bearer(METRICS_KEY) }, '/metrics', 200],
    [{ url: '/metrics', headers: bearer(`${METRICS_KEY}x`) }, '/metrics', 401],
    [{ url: '/health/live', headers: { cookie: IN_HEADER, 'user-agent': IN_HEADER } }, '/health/live', 200],
    [{ url: '/health/ready', headers: { 'x-forwarded-for': IN_HEADER } }, '/health/ready', 200],
    [{ url: '/.well-known/jwks.json' }, '/.well-known/jwks.json', 200],
    [{ url: '/openapi.json' }, '/openapi.json', 200],
    [{ url: '/docs' }, '/docs', 200],
    [{ url: '/docs/start.js' }, '/docs/:file', 200],
    [{ url: `/docs/${IN_PATH}` }, '/docs/:file', 404],
    [{ url: `/${IN_PATH}?x=${IN_QUERY}` }, undefined, 404],
    [{ method: 'PUT', url: `/secret?x=${IN_QUERY}` }, undefined, 405],
    [{ method: 'OPTIONS', url: `/login?x=${IN_QUERY}`, headers: { origin: 'https://app.example' } }, undefined, 405],
    [
      send('/password/change', { current_password: CHOSEN, new_password: NEXT }, bearer(token)),
      '/password/change',
      204
    ],
    [{ method: 'DELETE', url: '/sessions', headers: bearer(token) }, '/sessions', 204],
    [send('/logout', { refresh_token: WRONG }), '/logout', 204],
    [send('/logout', { refresh_token: successor }), '/logout', 204]
  ]

  for (const [request, route, statusCode] of requests) {
    const method = request.method ?? 'GET'
    await t.test(
      `has one line for ${method} ${route ?? 'what no route has'} answered with ${statusCode}`,
      async (t) => {
        const reqId = randomUUID()
        const response = await fastify.inject({ ...request, headers: { ...request.headers, 'x-request-id': reqId } })
        t.equal(response.statusCode, statusCode)
        t.equal(response.headers['x-request-id'], reqId)
        const all = log.map((line) => JSON.parse(line)).filter((line) => line.reqId === reqId)
        // A refused origin is named: test/plugins/http/cors.test.ts.
        const lines = all.filter(({ level, origin }) => level > 20 || origin !== 'https://attacker.example')
        t.equal(lines.length, 1)
        const { level, time, pid, hostname, responseTime, ...line } = lines[0]
        t.strictSame(line, {
          reqId,
          method,
          ...(route !== undefined && { route }),
          statusCode,
          msg: 'request completed'
        })
        t.equal(level, 30)
        t.type(responseTime, 'number')
      }
    )
  }

  await t.test('says in a line more why a refresh token is refused, and nothing of the token', async (t) => {
    const { sid } = await fastify.tokens.verify(token)
    for (const [text, reason] of [
      [successor, { session: sid, reason: 'logged out' }],
      [WRONG, { reason: 'unknown' }]
    ]) {
      const reqId = randomUUID()
      const response = await post(fastify, '/token/refresh', { refresh_token: text }, { 'x-request-id': reqId })
      t.equal(response.statusCode, 401)
      const lines = log.map((line) => JSON.parse(line)).filter((line) => line.reqId === reqId)
      const [{ time, pid, hostname, ...line }, ...more] = lines
      t.strictSame(line, { level: 30, reqId, ...reason, msg: 'refused a refresh token' })
      t.match(more, [{ route: '/token/refresh', statusCode: 401, msg: 'request completed' }])
      t.equal(more.length, 1)
    }
  })

  await t.test('has one line for a URL that cannot be read', async (t) => {
    const reqId = randomUUID()
    const response = await fastify.inject({
      url: `/${IN_PATH}/%?x=${IN_QUERY}`,
      headers: { 'x-request-id': reqId, authorization: IN_HEADER }
    })
    t.equal(response.statusCode, 400)
    const lines = log.map((line) => JSON.parse(line)).filter((line) => line.reqId === reqId)
    t.match(lines, [{ level: 30, reqId, method: 'GET', statusCode: 400 }])
    t.equal(lines.length, 1)
  })

  await t.test('says what is wrong with the database', async (t) => {
    const restore = cutOff(fastify)
    const away = await post(fastify, '/login', { email: EMAIL, password: CHOSEN })
    restore()
    t.equal(away.statusCode, 503)
    await fastify.pg.pool.query('ALTER TABLE users ADD CONSTRAINT nobody CHECK (false) NOT VALID')
    const failed = await post(fastify, '/register', { email: `x.${EMAIL}`, password: CHOSEN })
    t.equal(failed.statusCode, 500)
    await fastify.pg.pool.query('DROP TABLE users CASCADE')
    t.equal((await post(fastify, '/login', { email: EMAIL, password: CHOSEN })).statusCode, 500)
    t.equal((await fastify.inject({ url: '/me', headers: bearer(token) })).statusCode, 500)
    const errors = log.map((line) => JSON.parse(line)).filter(({ err }) => err)
    t.match(errors, [
      { level: 40, err: { code: 'ECONNREFUSED' } },
      { level: 50, err: { code: '23514' } },
      { level: 50, err: { code: '42P01' } },
      { level: 50, err: { code: '42P01' } }
    ])
  })

  await t.test('says nothing of what the parser refuses', async (t) => {
    const port = await listen(fastify)
    const before = log.length
    await exchange(port, `GET /${IN_PATH} HTTP/1.1\r\nhost: x\r\nauthorization ${IN_HEADER}\r\n\r\n`)
    t.notMatch(log.slice(before).join('\n'), IN_PATH)
  })

  await t.test('holds no secret in any line', async (t) => {
    clock.advance(900)
    t.equal((await fastify.inject({ url: '/secret', headers: bearer(token) })).statusCode, 401)
    const text = log.join('\n')
    const secrets = {
      CHOSEN,
      NEXT,
      WRONG,
      IN_PATH,
      IN_QUERY,
      IN_KEY,
      IN_HEADER,
      INTROSPECTION_KEY,
      METRICS_KEY,
      SECRET_KEY,
      EMAIL,
      NEW_EMAIL,
      verification,
      reset,
      confirmation,
      token,
      refreshToken,
      successor,
      cookie
    }
    t.ok(log.length > requests.length)
    for (const [what, secret] of Object.entries(secrets)) t.notOk(text.includes(secret), what)
    for (const part of [...token.split('.').slice(1), ...refreshToken.split('.'), ...successor.split('.')])
      t.notOk(text.includes(part))
    t.notMatch(text, /\$2b\$|BEGIN|authorization|cookie/i)
  })
})

test('the log says nothing of requests above the level info', async (t) => {
  const log: string[] = []
  const fastify = await build(t, { log, environment: { LOG_LEVEL: 'warn' } })
  log.length = 0
  await signIn(fastify, { username: 'ada' })
  await fastify.inject('/nowhere')
  t.strictSame(log, [])
})
