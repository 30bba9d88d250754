import { test } from 'tap'
import { answer, build, refusal } from '../../helpers/app.ts'

const PATH = '/.well-known/oauth-authorization-server'
const NOT_FOUND = { statusCode: 404, body: refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.') }

test('GET /.well-known/oauth-authorization-server', async (t) => {
  const fastify = await build(t)

  await t.test('says where the keys are, and announces nothing that does not exist', async (t) => {
    const response = await fastify.inject(PATH)
    t.strictSame(answer(response), {
      statusCode: 200,
      body: {
        issuer: 'http://127.0.0.1:3000',
        jwks_uri: 'http://127.0.0.1:3000/.well-known/jwks.json',
        response_types_supported: [],
        grant_types_supported: []
      }
    })
    t.match(response.headers, {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'public, max-age=300',
      'x-content-type-options': 'nosniff'
    })
    const { statusCode } = await fastify.inject({
      url: PATH,
      headers: { 'if-none-match': String(response.headers.etag) }
    })
    t.equal(statusCode, 304)
  })

  await t.test('takes no query', async (t) => {
    const errors = [{ path: '/issuer', message: 'is not a known key' }]
    t.strictSame(answer(await fastify.inject(`${PATH}?issuer=https://evil.example`)), {
      statusCode: 400,
      body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', errors)
    })
  })
})

test('the metadata of an issuer with a path, which can introspect', async (t) => {
  const INTROSPECTION_KEY = 'a key for other services, long enough'
  const fastify = await build(t, { environment: { PUBLIC_URL: 'https://example.com/auth/v1/', INTROSPECTION_KEY } })
  const metadata = {
    issuer: 'https://example.com/auth/v1',
    jwks_uri: 'https://example.com/auth/v1/.well-known/jwks.json',
    response_types_supported: [],
    grant_types_supported: [],
    introspection_endpoint: 'https://example.com/auth/v1/introspect',
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'Bearer']
  }
  // Below the path, which a proxy removes; and where clients look by RFC 8414 §3.1.
  for (const url of [PATH, `${PATH}/auth/v1`]) {
    t.strictSame(answer(await fastify.inject(url)), { statusCode: 200, body: metadata })
  }
  for (const url of [`${PATH}/auth`, `${PATH}/auth/v1/`, `${PATH}/`]) {
    t.strictSame(answer(await fastify.inject(url)), NOT_FOUND, url)
  }
})

test('a path with a pattern of the router is served below the path alone', async (t) => {
  const fastify = await build(t, { environment: { PUBLIC_URL: 'https://example.com/:tenant' } })
  t.match(answer(await fastify.inject(PATH)), { statusCode: 200, body: { issuer: 'https://example.com/:tenant' } })
  t.strictSame(answer(await fastify.inject(`${PATH}/x`)), NOT_FOUND)
})
