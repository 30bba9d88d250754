import type { LightMyRequestResponse } from 'fastify'
import { test } from 'tap'
import { createRefreshToken, readRefreshToken, writeRefreshToken } from '../../../src/sessions/refresh-token.ts'
import { answer, BEARER, bearer, build, cutOff, PASSWORD, post, refusal, signIn, testClock } from '../../helpers/app.ts'

const INVALID = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'REFRESH_TOKEN_INVALID', 'The refresh token is not valid.')
}
const FORBIDDEN = {
  statusCode: 403,
  body: refusal(403, 'Forbidden', 'FORBIDDEN', 'The cookie is not accepted from this origin.')
}
const invalid = (path: string, message: string) => ({
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', [{ path, message }])
})
const AWAY = {
  statusCode: 503,
  body: refusal(
    503,
    'Service Unavailable',
    'DATABASE_UNAVAILABLE',
    'The database cannot be reached; try again shortly.'
  )
}
const ORIGIN = 'http://127.0.0.1:3000'
const COOKIE = /^refresh_token=([^;]+); Max-Age=2592000; Path=\/; HttpOnly; SameSite=Strict$/

/** The refresh token that an answer sets as a cookie. */
const cookieOf = ({ headers }: LightMyRequestResponse) => COOKIE.exec(String(headers['set-cookie']))?.[1] ?? ''

test('POST /token/refresh', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const { user } = await signIn(fastify, { username: 'Ada' })
  const login = async () => (await post(fastify, '/login', { username: 'ada', password: PASSWORD })).json()
  const refresh = (refresh_token: string) => post(fastify, '/token/refresh', { refresh_token })
  const successorOf = async (token: string): Promise<string> => (await refresh(token)).json().refresh_token

  await t.test('answers with an access token of the same session, and with the successor', async (t) => {
    const { refresh_token: token } = await login()
    const response = await refresh(token)
    t.equal(response.statusCode, 200)
    t.match(response.headers, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
    t.equal(response.headers['set-cookie'], undefined)
    t.strictSame(Object.keys(response.json()), ['access_token', 'token_type', 'expires_in', 'refresh_token'])
    const { access_token: accessToken, refresh_token: successor, ...rest } = response.json()
    t.strictSame(rest, { token_type: 'Bearer', expires_in: 900 })
    t.not(successor, token)
    t.match(await fastify.tokens.verify(accessToken), {
      sub: user.id,
      sid: readRefreshToken(token)?.session,
      preferred_username: 'Ada'
    })
    t.strictSame(answer(await fastify.inject({ url: '/me', headers: bearer(accessToken) })), {
      statusCode: 200,
      body: user
    })
  })

  await t.test('gives one successor to all who ask at once, and within the grace', async (t) => {
    const { refresh_token: token } = await login()
    const responses = await Promise.all([1, 2, 3, 4, 5].map(() => refresh(token)))
    clock.advance(5)
    responses.push(await refresh(token))
    t.strictSame(
      responses.map(({ statusCode }) => statusCode),
      [200, 200, 200, 200, 200, 200]
    )
    const successors = new Set(responses.map((response) => response.json().refresh_token))
    t.equal(successors.size, 1)
    t.equal((await refresh([...successors][0])).statusCode, 200)
  })

  await t.test('takes a token that comes again later for a replay, and ends the session', async (t) => {
    const { access_token: accessToken, refresh_token: token } = await login()
    const bystander = await login()
    const successor = await successorOf(token)
    clock.advance(10)
    const replay = await refresh(token)
    t.strictSame(answer(replay), INVALID)
    t.match(replay.headers, BEARER)
    t.notMatch(replay.headers['www-authenticate'], 'error')
    t.strictSame(answer(await refresh(successor)), INVALID)
    t.equal((await fastify.inject({ url: '/me', headers: bearer(accessToken) })).statusCode, 401)
    t.equal((await refresh(bystander.refresh_token)).statusCode, 200, 'and no other')
  })

  await t.test('only refuses an earlier token within the grace of its own first use', async (t) => {
    const { refresh_token: first } = await login()
    const second = await successorOf(first)
    const third = await successorOf(second)
    t.strictSame(answer(await refresh(first)), INVALID)
    t.equal(await successorOf(second), third)
    t.equal((await refresh(third)).statusCode, 200)
  })

  await t.test('ends nothing at a made-up token that names a session', async (t) => {
    const { refresh_token: token } = await login()
    const session = readRefreshToken(token)?.session as string
    t.strictSame(answer(await refresh(writeRefreshToken(createRefreshToken(session)))), INVALID)
    t.equal((await refresh(token)).statusCode, 200)
  })

  await t.test('keeps a session that is used alive for 180 days, and one that is not for 30', async (t) => {
    const [used, unused] = [await login(), await login()]
    let token = used.refresh_token
    for (let month = 1; month <= 6; month++) {
      clock.advance(30 * 86_400 - 60)
      token = await successorOf(token)
      t.type(token, 'string', `after month ${month}`)
    }
    t.strictSame(answer(await refresh(unused.refresh_token)), INVALID)
    clock.advance(6 * 60)
    t.strictSame(answer(await refresh(token)), INVALID)
  })

  const { refresh_token: held } = await login()
  const unfit: [string, unknown, object][] = [
    ['no token', {}, invalid('/refresh_token', 'is required')],
    ['an empty token', { refresh_token: '' }, invalid('/refresh_token', 'must have at least 1 characters')],
    [
      'a token of 513 characters',
      { refresh_token: 'x'.repeat(513) },
      invalid('/refresh_token', 'must have at most 512 characters')
    ],
    ['a token that is no text', { refresh_token: 5 }, invalid('/refresh_token', 'must be string')],
    ['a token that is null', { refresh_token: null }, invalid('/refresh_token', 'must be string')],
    ['an unknown key', { refresh_token: held, x: 1 }, invalid('/x', 'is not a known key')],
    ['a list', [held], invalid('', 'must be object')],
    ['a token alone', held, invalid('', 'must be object')]
  ]
  for (const [what, payload, expected] of unfit) {
    await t.test(`refuses ${what} as what does not fit`, async (t) => {
      t.strictSame(answer(await post(fastify, '/token/refresh', payload, { origin: ORIGIN })), expected)
    })
  }

  for (const [what, token] of [
    ['one character', 'x'],
    ['512 characters', 'x'.repeat(512)],
    ['an access token', 'a.b.c']
  ] as const) {
    await t.test(`refuses ${what} as no token of ours`, async (t) => {
      t.strictSame(answer(await refresh(token)), INVALID)
    })
  }

  await t.test('is unavailable while the database is, and the token is as good as before', async (t) => {
    const restore = cutOff(fastify)
    const response = await refresh(held)
    restore()
    t.strictSame(answer(response), AWAY)
    t.equal(response.headers['retry-after'], '2')
    t.equal((await refresh(held)).statusCode, 200)
  })
})

test('POST /token/refresh in browser mode', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { CORS_ORIGINS: 'https://app.example' } })
  await signIn(fastify, { username: 'ada' })
  const login = async () =>
    cookieOf(await post(fastify, '/login', { username: 'ada', password: PASSWORD, cookie: true }))
  const refresh = (token: string, headers: Record<string, string>, body = {}) =>
    post(fastify, '/token/refresh', body, { cookie: `refresh_token=${token}`, ...headers })

  for (const origin of [ORIGIN, 'https://app.example']) {
    await t.test(`takes the cookie for a page of ${origin}, and sets the successor`, async (t) => {
      const token = await login()
      const response = await refresh(token, { origin })
      t.equal(response.statusCode, 200)
      t.strictSame(Object.keys(response.json()), ['access_token', 'token_type', 'expires_in'])
      const successor = cookieOf(response)
      t.match(successor, /^[\w-]{22}\.[\w-]{22}\.[\w-]{43}$/)
      t.not(successor, token)
      t.equal(cookieOf(await refresh(token, { origin })), successor, 'the same for another tab')
      t.equal((await refresh(successor, { origin })).statusCode, 200)
    })
  }

  for (const [what, headers] of [
    ['another site', { origin: 'https://attacker.example' }],
    ['a sandbox', { origin: 'null' }],
    ['who knows where', {}]
  ] as [string, Record<string, string>][]) {
    await t.test(`refuses the cookie with a request from ${what}, and leaves the token as it is`, async (t) => {
      const token = await login()
      const response = await refresh(token, headers)
      t.strictSame(answer(response), FORBIDDEN)
      t.equal(response.headers['set-cookie'], undefined)
      clock.advance(60)
      t.equal((await refresh(token, { origin: ORIGIN })).statusCode, 200)
    })
  }

  await t.test('takes the token of the body before the cookie, from anywhere, and answers in the body', async (t) => {
    const [inCookie, inBody] = [await login(), await login()]
    const response = await refresh(inCookie, { origin: 'null' }, { refresh_token: inBody })
    t.equal(response.statusCode, 200)
    t.equal(response.headers['set-cookie'], undefined)
    const { refresh_token: successor } = response.json()
    t.equal(readRefreshToken(successor)?.session, readRefreshToken(inBody)?.session)
    clock.advance(60)
    t.equal((await refresh(inCookie, { origin: ORIGIN })).statusCode, 200, 'the cookie was not used')
  })

  await t.test('refuses a cookie that is no good as it does a token', async (t) => {
    const token = await login()
    await refresh(token, { origin: ORIGIN })
    clock.advance(60)
    for (const text of [token, 'rubbish', 'x'.repeat(4000)]) {
      const response = await refresh(text, { origin: ORIGIN })
      t.strictSame(answer(response), INVALID)
      t.equal(response.headers['set-cookie'], undefined)
    }
  })
})
