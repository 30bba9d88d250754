import { test } from 'tap'
import { build, post } from '../../helpers/app.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('every answer', async (t) => {
  const fastify = await build(t)

  const answers: [string, string, 'GET' | 'HEAD' | 'POST' | 'PUT' | 'OPTIONS', number, string][] = [
    ['of a route', '/health/live', 'GET', 200, 'no-store'],
    ['to HEAD', '/health/live', 'HEAD', 200, 'no-store'],
    ['that refuses a token', '/secret', 'GET', 401, 'no-store'],
    ['that refuses a body', '/login', 'POST', 415, 'no-store'],
    ['that refuses a query', '/health/live?x', 'GET', 400, 'no-store'],
    ['that refuses a query of the keys', '/.well-known/jwks.json?x', 'GET', 400, 'no-store'],
    ['that refuses a query of the document', '/openapi.json?x', 'GET', 400, 'no-store'],
    ['that refuses a path', '/nowhere', 'GET', 404, 'no-store'],
    ['that refuses a method', '/secret', 'PUT', 405, 'no-store'],
    ['to OPTIONS', '/secret', 'OPTIONS', 405, 'no-store'],
    ['that refuses a URL', '/%', 'GET', 400, 'no-store'],
    ['with the keys', '/.well-known/jwks.json', 'GET', 200, 'public, max-age=300'],
    ['with the metadata', '/.well-known/oauth-authorization-server', 'GET', 200, 'public, max-age=300'],
    ['with the document', '/openapi.json', 'GET', 200, 'public, max-age=3600'],
    ['with the reference', '/docs', 'GET', 200, 'public, max-age=3600']
  ]
  for (const [what, url, method, statusCode, cache] of answers) {
    await t.test(`${what} carries an id, says how long it may be kept, and is in nobody’s frame`, async (t) => {
      const payload = method === 'POST' ? { payload: 'x', headers: { 'content-type': 'text/plain' } } : {}
      const response = await fastify.inject({ method, url, ...payload })
      t.equal(response.statusCode, statusCode)
      t.match(response.headers, {
        'x-request-id': UUID,
        'cache-control': cache,
        'content-security-policy': /^default-src 'none'; base-uri 'none';.*frame-ancestors 'none'/,
        'x-content-type-options': 'nosniff'
      })
      t.equal(response.headers['x-powered-by'], undefined)
      t.equal(response.headers.server, undefined)
    })
  }

  const ids: [string, string, boolean][] = [
    ['of 8 characters', 'abc-1._Z', true],
    ['of 64 characters', 'x'.repeat(64), true],
    ['of 7 characters', 'x'.repeat(7), false],
    ['of 65 characters', 'x'.repeat(65), false],
    ['with a space', 'abcd efgh', false],
    ['with a line break', 'abcdefgh\n{"level":60}', false],
    ['with a quote', 'abcdefgh"', false],
    ['that is empty', '', false]
  ]
  for (const [what, id, kept] of ids) {
    await t.test(`to a request with an id ${what} ${kept ? 'keeps it' : 'has another'}`, async (t) => {
      for (const url of ['/health/live', '/nowhere', '/%']) {
        const { headers } = await fastify.inject({ url, headers: { 'x-request-id': id } })
        t.match(headers['x-request-id'], kept ? new RegExp(`^${id.replaceAll('.', '\\.')}$`) : UUID)
      }
    })
  }

  await t.test('has an id of its own', async (t) => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(fastify, '/login', {})))
    t.equal(new Set(answers.map(({ headers }) => headers['x-request-id'])).size, 20)
  })
})
