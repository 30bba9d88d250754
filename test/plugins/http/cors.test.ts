import type { LightMyRequestResponse } from 'fastify'
import { test } from 'tap'
import { answer, bearer, build, post, refusal } from '../../helpers/app.ts'

const ORIGIN = 'https://app.example'
const SECOND = 'http://localhost:5173'
const KEY = 'the key of the operator, 32 bytes or more'
const PREFLIGHT = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }
const NOT_FOUND = { statusCode: 404, body: refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.') }
const NOT_ALLOWED = {
  statusCode: 405,
  body: refusal(405, 'Method Not Allowed', 'METHOD_NOT_ALLOWED', 'This path does not take that method.')
}
const MISSING = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'TOKEN_MISSING', 'A bearer token is needed here.')
}

const ALLOWED_HEADERS =
  'authorization, content-type, x-request-id, traceparent, tracestate, baggage, sentry-trace, b3, x-b3-traceid, ' +
  'x-b3-spanid, x-b3-parentspanid, x-b3-sampled, x-b3-flags, x-datadog-origin, x-datadog-parent-id, ' +
  'x-datadog-sampling-priority, x-datadog-trace-id, newrelic, x-requested-with, cache-control'

/** What an answer says to a browser about who may read it. */
function corsOf({ headers }: LightMyRequestResponse) {
  const names = Object.entries(headers).filter(([name]) => name.startsWith('access-control-') || name === 'vary')
  return Object.fromEntries(names)
}

const shared = (origin: string) => ({
  vary: 'Origin',
  'access-control-allow-origin': origin,
  'access-control-allow-credentials': 'true',
  'access-control-expose-headers': 'x-request-id, retry-after, www-authenticate'
})

test('with CORS_ORIGINS', async (t) => {
  const fastify = await build(t, { environment: { CORS_ORIGINS: `${ORIGIN}, ${SECOND}` } })

  for (const origin of [ORIGIN, SECOND]) {
    await t.test(`${origin} may read every answer, refusals included`, async (t) => {
      for (const [url, statusCode] of [
        ['/health/live', 200],
        ['/.well-known/jwks.json', 200],
        ['/secret', 401],
        ['/nowhere', 404]
      ] as const) {
        const response = await fastify.inject({ url, headers: { origin } })
        t.equal(response.statusCode, statusCode)
        t.strictSame(corsOf(response), shared(origin), url)
      }
      const post = await fastify.inject({ method: 'PUT', url: '/secret', headers: { origin } })
      t.strictSame(answer(post), NOT_ALLOWED)
      t.strictSame(corsOf(post), shared(origin))
    })
  }

  const foreign: [string, Record<string, string>][] = [
    ['another origin', { origin: 'https://attacker.example' }],
    ['another port', { origin: `${ORIGIN}:8443` }],
    ['another scheme', { origin: 'http://app.example' }],
    ['a part of the name', { origin: 'https://evil-app.example' }],
    ['a name that begins alike', { origin: 'https://app.example.attacker.example' }],
    ['the origin in another letter case', { origin: 'https://APP.example' }],
    ['the origin with a slash', { origin: `${ORIGIN}/` }],
    ['two origins', { origin: `${ORIGIN}, ${SECOND}` }],
    ['the origin null', { origin: 'null' }],
    ['no origin', {}]
  ]
  for (const [what, headers] of foreign) {
    await t.test(`${what} may read nothing`, async (t) => {
      const response = await fastify.inject({ url: '/secret', headers })
      t.strictSame(answer(response), MISSING)
      t.strictSame(corsOf(response), { vary: 'Origin' })
      const preflight = await fastify.inject({
        method: 'OPTIONS',
        url: '/login',
        headers: { ...headers, ...PREFLIGHT }
      })
      t.strictSame(answer(preflight), NOT_ALLOWED)
      t.strictSame(corsOf(preflight), { vary: 'Origin' })
    })
  }

  const preflights: [string, string, Record<string, string>][] = [
    ['of a login', '/login', PREFLIGHT],
    ['of a method that the path does not have', '/login', { 'access-control-request-method': 'DELETE' }],
    ['of a route behind a token, without one', '/secret', { 'access-control-request-method': 'GET' }],
    [
      'with the headers of tracing in browsers',
      '/login',
      { ...PREFLIGHT, 'access-control-request-headers': 'baggage,content-type,sentry-trace,traceparent,tracestate' }
    ],
    ['with a query', '/secret?x=1', { 'access-control-request-method': 'GET' }]
  ]
  for (const [what, url, headers] of preflights) {
    await t.test(`a preflight ${what} is answered`, async (t) => {
      const response = await fastify.inject({ method: 'OPTIONS', url, headers: { origin: ORIGIN, ...headers } })
      t.strictSame(answer(response), { statusCode: 204, body: '' })
      t.strictSame(corsOf(response), {
        ...shared(ORIGIN),
        'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
        'access-control-allow-headers': ALLOWED_HEADERS,
        'access-control-max-age': '600'
      })
      t.match(response.headers, { 'cache-control': 'no-store', 'x-request-id': /^[0-9a-f-]{36}$/ })
    })
  }

  await t.test('a preflight of an unknown path is a 404', async (t) => {
    for (const url of ['/nowhere', '/login/', '*']) {
      const response = await fastify.inject({ method: 'OPTIONS', url, headers: { origin: ORIGIN, ...PREFLIGHT } })
      t.strictSame(answer(response), NOT_FOUND, url)
    }
  })

  await t.test('an OPTIONS that is no preflight is a method that the path does not have', async (t) => {
    for (const headers of [{}, { origin: ORIGIN }, { origin: ORIGIN, ...bearer('x') }]) {
      const response = await fastify.inject({ method: 'OPTIONS', url: '/secret', headers })
      t.strictSame(answer(response), NOT_ALLOWED)
      t.equal(response.headers.allow, 'GET, HEAD')
    }
    t.strictSame(answer(await fastify.inject({ method: 'OPTIONS', url: '/nowhere' })), NOT_FOUND)
  })
})

test('without CORS_ORIGINS there is none of it', async (t) => {
  const fastify = await build(t)
  const response = await fastify.inject({ url: '/health/live', headers: { origin: ORIGIN } })
  t.strictSame(answer(response), { statusCode: 200, body: { status: 'ok' } })
  t.strictSame(corsOf(response), {})
  const preflight = await fastify.inject({
    method: 'OPTIONS',
    url: '/login',
    headers: { origin: ORIGIN, ...PREFLIGHT }
  })
  t.strictSame(answer(preflight), NOT_ALLOWED)
  t.strictSame(corsOf(preflight), {})
  t.equal(preflight.headers.allow, 'POST')
})

test('an origin that is refused is counted, and named at level debug', async (t) => {
  const cases: [what: string, origin: string, host: string, named: string | undefined][] = [
    ['of a frontend', ORIGIN, 'id.example', undefined],
    ['of the service', 'https://id.example', 'localhost:3000', undefined],
    ['of the service by another name', 'http://localhost:3000', 'localhost:3000', undefined],
    ['of the service by another name, with TLS', 'https://localhost', 'localhost', undefined],
    ['of a stranger', 'https://attacker.example', 'id.example', 'https://attacker.example'],
    ['of a frontend at another port', `${ORIGIN}:8443`, 'id.example', `${ORIGIN}:8443`],
    ['of a file', 'null', 'id.example', 'null'],
    ['that is none', 'a b\tc', 'id.example', 'a?b?c'],
    ['without end', 'x'.repeat(5_000), 'id.example', 'x'.repeat(100)]
  ]
  for (const CORS_ORIGINS of ['', ORIGIN]) {
    const log: string[] = []
    const environment = { CORS_ORIGINS, PUBLIC_URL: 'https://id.example', LOG_LEVEL: 'debug', METRICS_KEY: KEY }
    const fastify = await build(t, { environment, log })
    for (const [what, origin, host, named] of cases) {
      const expected = origin === ORIGIN && CORS_ORIGINS === '' ? ORIGIN : named
      for (const preflight of [true, false]) {
        const kind = preflight ? 'in a preflight' : 'in a request'
        await t.test(`${what} ${kind}, with ${CORS_ORIGINS || 'none'} in CORS_ORIGINS`, async (t) => {
          const before = fastify.corsRefusals.total
          log.length = 0
          const headers = { origin, host }
          if (preflight)
            await fastify.inject({ method: 'OPTIONS', url: '/login', headers: { ...headers, ...PREFLIGHT } })
          else await post(fastify, '/login', {}, headers)
          const lines = log.map((line) => JSON.parse(line)).filter(({ msg }) => /CORS_ORIGINS/.test(msg))
          t.match(lines, expected === undefined ? [] : [{ level: 20, origin: expected, reqId: String }])
          t.equal(lines.length, expected === undefined ? 0 : 1)
          t.equal(fastify.corsRefusals.total - before, lines.length)
        })
      }
    }
    const { body } = await fastify.inject({ url: '/metrics', headers: bearer(KEY) })
    t.match(body, `latchkey_cors_refused_total ${fastify.corsRefusals.total}\n`)
  }
})
