import {
  allowInsecureRequests,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  tokenIntrospection
} from 'openid-client'
import { test } from 'tap'
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
} from '../helpers/app.ts'
import { caught } from '../helpers/caught.ts'

const KEY = 'the key of the services, 32 bytes or more'
const ISSUER = 'http://127.0.0.1:3000'
const BASIC = {
  'www-authenticate': 'Bearer error="invalid_token", Basic realm="latchkey", charset="UTF-8"'
}
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
})
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
  const { sid, iat, exp, auth_time } = await fastify.tokens.verify(accessToken)
  const authenticated = { auth_time, amr: ['pwd'], acr: 'aal1' }
  const ofBoth = { active: true, sub: user.id, sid, iss: ISSUER, aud: ISSUER, username: 'Ada', ...authenticated }
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
    ['another scheme', { authorization: `Digest ${KEY}` }, MISSING, BEARER],
    ['what is no client', { authorization: `Basic ${KEY}` }, INVALID, BASIC],
    ['a client with another secret', basic('orders', `${KEY}x`), INVALID, BASIC],
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

  await t.test('takes the key as the secret of any client', async (t) => {
    const form = (more: Record<string, string> = {}) => new URLSearchParams({ token: accessToken, ...more }).toString()
    const encoded = new URLSearchParams({ key: KEY }).toString().slice('key='.length)
    const ways: [how: string, payload: string, headers: Record<string, string>][] = [
      ['by Basic', form(), basic('orders', KEY)],
      ['by Basic, encoded as a form', form(), basic('orders', encoded)],
      ['by Basic, without an id', form(), basic('', KEY)],
      ['by Basic, with the id in the form too', form({ client_id: 'orders' }), basic('orders', KEY)],
      ['in the form', form({ client_id: 'orders', client_secret: KEY }), {}],
      ['in the form, without an id', form({ client_secret: KEY }), {}],
      [
        'with parameters that nobody knows',
        form({ token_type_hint: 'x', resource: 'y', constructor: 'z' }),
        bearer(KEY)
      ],
      ['with parameters without a value', `${form()}&x&=`, bearer(KEY)]
    ]
    for (const [how, payload, headers] of ways) {
      for (const type of [FORM, `${FORM};charset=UTF-8`, FORM.toUpperCase()]) {
        t.strictSame(answer(await send(type, payload, headers)), { statusCode: 200, body: ofAccess }, `${how}, ${type}`)
      }
    }
    const json = await post(fastify, '/introspect', { token: accessToken }, basic('orders', KEY))
    t.strictSame(answer(json), { statusCode: 200, body: ofAccess }, 'by Basic, with JSON')
  })

  const forms: [string, string, Record<string, string>, object, object][] = [
    ['no secret', 'token=x&client_id=orders', {}, MISSING, BEARER],
    ['an empty secret', 'token=x&client_secret=', {}, INVALID, INVALID_TOKEN],
    ['another secret', `token=x&client_id=orders&client_secret=${KEY}x`, {}, INVALID, INVALID_TOKEN],
    ['another secret, and no token', 'client_secret=x', {}, INVALID, INVALID_TOKEN],
    ['the secret twice', `token=x&client_secret=${KEY}&client_secret=${KEY}`, {}, MISSING, BEARER],
    ['the secret in a form that is too large', `client_secret=${KEY}&token=${'x'.repeat(17_000)}`, {}, MISSING, BEARER],
    ['nothing at all', '', {}, MISSING, BEARER],
    [
      'the secret in a form that is encoded',
      `token=x&client_secret=${KEY}`,
      { 'content-encoding': 'gzip' },
      MISSING,
      BEARER
    ],
    ['the secret in the query', 'token=x', {}, MISSING, BEARER],
    ['a wrong header beside the right secret', `token=x&client_secret=${KEY}`, bearer('x'), INVALID, INVALID_TOKEN]
  ]
  for (const [what, payload, headers, body, challenge] of forms) {
    await t.test(`refuses a form with ${what}`, async (t) => {
      const response = await send(FORM, payload, headers)
      t.strictSame(answer(response), { statusCode: 401, body })
      t.equal(response.headers['www-authenticate'], (challenge as typeof BEARER)['www-authenticate'])
    })
  }

  await t.test('says what is wrong with a form to who brought the secret in it', async (t) => {
    const secret = `client_secret=${encodeURIComponent(KEY)}`
    t.strictSame(answer(await send(FORM, secret, {})), invalid(['/token', 'is required']))
    const response = await fastify.inject({
      method: 'POST',
      url: '/introspect?x=1',
      headers: { 'content-type': FORM },
      payload: `token=x&${secret}`
    })
    t.strictSame(answer(response), invalid(['/x', 'is not a known key']))
  })

  await t.test('takes no form of a name that begins alike', async (t) => {
    const response = await send(`${FORM}x`, `token=x&client_secret=${KEY}`, {})
    t.strictSame(answer(response), { statusCode: 401, body: MISSING })
  })

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
    [
      'a form with a secret beside the header',
      FORM,
      `token=x&client_secret=${encodeURIComponent(KEY)}`,
      invalid(['/client_secret', 'must not be sent with an Authorization header'])
    ],
    ['a form with an unknown parameter twice', FORM, 'token=x&x=1&x=2', malformed('The body is not a valid form.')],
    [
      'a client in JSON',
      'application/json',
      '{"token":"x","client_id":"y"}',
      invalid(['/client_id', 'is not a known key'])
    ],
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
    for (const authentication of [ClientSecretBasic, ClientSecretPost]) {
      const clientOf = (secret: string) => {
        const client = new Configuration(server, 'orders & bills', undefined, authentication(secret))
        allowInsecureRequests(client)
        return client
      }
      t.strictSame(await tokenIntrospection(clientOf(KEY), accessToken), ofAccess)
      t.match(await caught(tokenIntrospection(clientOf(`${KEY}x`), accessToken)), { status: 401 })
    }
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
  t.equal((await fastify.inject('/introspect')).statusCode, 405)
})
