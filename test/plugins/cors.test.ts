import type { LightMyRequestResponse } from 'fastify'
import { test } from 'tap'
import { answer, bearer, build, refusal } from '../helper.ts'

const ORIGIN = 'https://app.example'
const SECOND = 'http://localhost:5173'
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
    ['with a query', '/secret?x=1', { 'access-control-request-method': 'GET' }]
  ]
  for (const [what, url, headers] of preflights) {
    await t.test(`a preflight ${what} is answered`, async (t) => {
      const response = await fastify.inject({ method: 'OPTIONS', url, headers: { origin: ORIGIN, ...headers } })
      t.strictSame(answer(response), { statusCode: 204, body: '' })
      t.strictSame(corsOf(response), {
        ...shared(ORIGIN),
        'access-control-allow-methods': 'GET, HEAD, POST, PATCH, DELETE',
        'access-control-allow-headers': 'authorization, content-type, x-request-id',
        'access-control-max-age': '600'
      })
      t.match(response.headers, { 'cache-control': 'no-store', 'x-request-id': /^[0-9a-f-]{36}$/ })
    })
  }

  await t.test('a preflight of an unknown path is a 404', async (t) => {
    for (const url of ['/nowhere', '/login/', '/', '*']) {
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
