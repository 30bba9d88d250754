import { allowInsecureRequests, Configuration, tokenIntrospection } from 'openid-client'
import { test } from 'tap'
import { caught } from '../caught.ts'
import {
  answer,
  BEARER,
  bearer,
  build,
  cutOff,
  INVALID_TOKEN,
  listen,
  post,
  refusal,
  signIn,
  testClock
} from '../helper.ts'

const KEY = 'the key of the services, 32 bytes or more'
const ISSUER = 'http://127.0.0.1:3000'
const INACTIVE = { statusCode: 200, body: { active: false } }
const FORM = 'application/x-www-form-urlencoded'
const MISSING = refusal(401, 'Unauthorized', 'TOKEN_MISSING', 'A bearer token is needed here.')
const INVALID = refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.')
const NOT_FOUND = { statusCode: 404, body: refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.') }
const invalid = (...errors: [path: string, message: string][]) => ({
  statusCode: 400,
  body: refusal(
    400,
    'Bad Request',
    'VALIDATION_FAILED',
    'The request does not fit its schema.',
    errors.map(([path, message]) => ({ path, message }))
  )
})
const malformed = (message: string) => ({
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'MALFORMED_REQUEST', message)
})
const UNSUPPORTED = {
  statusCode: 415,
  body: refusal(415, 'Unsupported Media Type', 'UNSUPPORTED_MEDIA_TYPE', 'A body of this type is not taken here.')
}
const TOO_LARGE = {
  statusCode: 413,
  body: refusal(413, 'Payload Too Large', 'BODY_TOO_LARGE', 'The body is larger than 16384 bytes.')
}

test('POST /introspect', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { INTROSPECTION_KEY: KEY } })
  const { access_token: accessToken, refresh_token: refreshToken, user } = await signIn(fastify, { username: 'Ada' })
  const { sid, iat, exp } = await fastify.accessTokens.verify(accessToken)
  const ofBoth = { active: true, sub: user.id, sid, iss: ISSUER, aud: ISSUER, username: 'Ada' }
  const ofAccess = { ...ofBoth, iat, exp, token_type: 'Bearer' }

  const send = (type: string, payload: string | Buffer, headers: Record<string, string> = bearer(KEY)) =>
    fastify.inject({ method: 'POST', url: '/introspect', headers: { 'content-type': type, ...headers }, payload })
  const sendForm = (payload: string | Buffer) => send(FORM, payload)
  const sendJson = (payload: unknown) => post(fastify, '/introspect', payload, bearer(KEY))

  const ways: [string, (parameters: Record<string, string>) => ReturnType<typeof send>][] = [
    ['as JSON', sendJson],
    ['as a form', (parameters) => sendForm(new URLSearchParams(parameters).toString())],
    [
      'as a form that names its encoding',
      (parameters) => send(`${FORM};charset=UTF-8`, new URLSearchParams(parameters).toString())
    ]
  ]
  for (const [how, ask] of ways) {
    for (const hint of [
      {},
      { token_type_hint: 'access_token' },
      { token_type_hint: 'refresh_token' },
      { token_type_hint: 'x' }
    ]) {
      const hinted = 'token_type_hint' in hint ? `, with the hint ${hint.token_type_hint}` : ''
      await t.test(`tells what tokens are worth, asked ${how}${hinted}`, async (t) => {
        const response = await ask({ token: accessToken, ...hint } as Record<string, string>)
        t.strictSame(answer(response), { statusCode: 200, body: ofAccess })
        t.match(response.headers, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })

        const refresh = await ask({ token: refreshToken, ...hint } as Record<string, string>)
        const { iat, exp, ...rest } = refresh.json()
        t.strictSame(rest, { ...ofBoth, token_type: 'refresh_token' })
        t.ok(Math.abs(iat - clock.now() / 1000) < 60)
        t.equal(exp, iat + 2_592_000)

        const unknown = await ask({ token: 'é & ü = 100 %', ...hint } as Record<string, string>)
        t.strictSame(answer(unknown), INACTIVE)
      })
    }
  }

  const credentials: [string, Record<string, string>, object, object][] = [
    ['no header', {}, MISSING, BEARER],
    ['another scheme', { authorization: `Basic ${KEY}` }, MISSING, BEARER],
    ['nothing after Bearer', { authorization: 'Bearer' }, INVALID, INVALID_TOKEN],
    ['another key', bearer(KEY.replace('k', 'K')), INVALID, INVALID_TOKEN],
    ['a part of the key', bearer(KEY.slice(0, -1)), INVALID, INVALID_TOKEN],
    ['more than the key', bearer(`${KEY}x`), INVALID, INVALID_TOKEN],
    ['an access token', bearer(accessToken), INVALID, INVALID_TOKEN]
  ]
  for (const [what, headers, body, challenge] of credentials) {
    await t.test(`refuses ${what} for the key, before it looks at anything else`, async (t) => {
      for (const [type, payload] of [
        ['application/json', JSON.stringify({ token: accessToken })],
        [FORM, `token=${accessToken}`],
        [FORM, '%'],
        ['application/json', '{'],
        ['text/xml', '<x/>'],
        ['application/json', 'x'.repeat(20_000)]
      ] as const) {
        const response = await send(type, payload, headers)
        t.strictSame(answer(response), { statusCode: 401, body })
        t.match(response.headers, challenge)
        if (challenge === BEARER) t.notMatch(response.headers['www-authenticate'], 'error')
      }
    })
  }

  const unfit: [string, string, string | Buffer, object][] = [
    ['no token', 'application/json', '{}', invalid(['/token', 'is required'])],
    ['an empty token', 'application/json', '{"token":""}', invalid(['/token', 'must have at least 1 characters'])],
    ['a token that is no text', 'application/json', '{"token":1}', invalid(['/token', 'must be string'])],
    [
      'a hint that is no text',
      'application/json',
      '{"token":"x","token_type_hint":null}',
      invalid(['/token_type_hint', 'must be string'])
    ],
    ['an unknown key', 'application/json', '{"token":"x","x":1}', invalid(['/x', 'is not a known key'])],
    ['nothing at all', 'application/json', '', malformed('A JSON body is needed here.')],
    ['what is no JSON', 'application/json', 'token=x', malformed('The body is not valid JSON.')],
    ['a form without a token', FORM, 'token_type_hint=x', invalid(['/token', 'is required'])],
    ['a form with an empty token', FORM, 'token=', invalid(['/token', 'must have at least 1 characters'])],
    ['a form with an unknown key', FORM, 'token=x&x=1', invalid(['/x', 'is not a known key'])],
    ['a form with a token twice', FORM, 'token=x&token=y', malformed('The body is not a valid form.')],
    ['a form with half an escape', FORM, 'token=%a', malformed('The body is not a valid form.')],
    ['a form with a NUL', FORM, 'token=%00', malformed('The body is not a valid form.')],
    ['a form in no UTF-8', FORM, Buffer.from('token=\xff', 'latin1'), malformed('The body is not a valid form.')],
    ['a form with a __proto__ key', FORM, '__proto__=x', malformed('The body is not a valid form.')],
    ['a form that is too large', FORM, `token=${'x'.repeat(16_384)}`, TOO_LARGE],
    ['a body of another type', 'text/plain', 'token=x', UNSUPPORTED],
    ['a form of parts', 'multipart/form-data; boundary=x', '--x--', UNSUPPORTED]
  ]
  for (const [what, type, payload, expected] of unfit) {
    await t.test(`refuses ${what}`, async (t) => t.strictSame(answer(await send(type, payload)), expected))
  }

  await t.test('takes nothing from the query', async (t) => {
    const url = `/introspect?token=${accessToken}`
    const response = await post(fastify, url, { token: accessToken }, bearer(KEY))
    t.strictSame(answer(response), invalid(['/token', 'is not a known key']))
  })

  await t.test('is the only route that reads a form', async (t) => {
    for (const url of ['/login', '/token/refresh', '/logout']) {
      const headers = { 'content-type': FORM }
      const response = await fastify.inject({ method: 'POST', url, headers, payload: 'refresh_token=x' })
      t.strictSame(answer(response), UNSUPPORTED)
    }
  })

  await t.test('takes no other method', async (t) => {
    const response = await fastify.inject({ url: '/introspect', headers: bearer(KEY) })
    t.strictSame(answer(response), {
      statusCode: 405,
      body: refusal(405, 'Method Not Allowed', 'METHOD_NOT_ALLOWED', 'This path does not take that method.')
    })
    t.equal(response.headers.allow, 'POST')
  })

  await t.test('is unavailable while the database is', async (t) => {
    const restore = cutOff(fastify)
    const response = await sendJson({ token: accessToken })
    restore()
    t.strictSame(answer(response), {
      statusCode: 503,
      body: refusal(
        503,
        'Service Unavailable',
        'DATABASE_UNAVAILABLE',
        'The database cannot be reached; try again shortly.'
      )
    })
    t.equal(response.headers['retry-after'], '2')
  })

  await t.test('answers a library as RFC 7662 says', async (t) => {
    const port = await listen(fastify)
    const server = { issuer: ISSUER, introspection_endpoint: `http://127.0.0.1:${port}/introspect` }
    const clientWith = (key: string) => {
      const client = new Configuration(server, 'orders', undefined, (_server, _client, _body, headers) => {
        headers.set('authorization', `Bearer ${key}`)
      })
      allowInsecureRequests(client)
      return client
    }
    const ask = (token: string) => tokenIntrospection(clientWith(KEY), token)
    t.strictSame(await ask(accessToken), ofAccess)
    t.match(await tokenIntrospection(clientWith(KEY), refreshToken, { token_type_hint: 'refresh_token' }), {
      ...ofBoth,
      token_type: 'refresh_token'
    })
    t.strictSame(await ask('rubbish'), { active: false })
    t.match(await caught(tokenIntrospection(clientWith(`${KEY}x`), accessToken)), {
      code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE',
      status: 401
    })
  })

  await t.test('tells at once that a session is over, and no more than that', async (t) => {
    t.equal((await post(fastify, '/logout', { refresh_token: refreshToken })).statusCode, 204)
    t.equal((await fastify.inject({ url: '/secret', headers: bearer(accessToken) })).statusCode, 200)
    for (const token of [accessToken, refreshToken]) t.strictSame(answer(await sendJson({ token })), INACTIVE)
  })
})

test('POST /introspect is not there without INTROSPECTION_KEY', async (t) => {
  const fastify = await build(t)
  const { access_token: token } = await signIn(fastify, { username: 'ada' })
  for (const headers of [{}, bearer(KEY), bearer(''), bearer('undefined'), bearer(token)]) {
    t.strictSame(answer(await post(fastify, '/introspect', { token }, headers as Record<string, string>)), NOT_FOUND)
  }
  t.strictSame(answer(await fastify.inject('/introspect')), NOT_FOUND)
})
