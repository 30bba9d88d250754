import Fastify, { type InjectOptions } from 'fastify'
import { test } from 'tap'
import config from '../../../plugins/config.ts'
import allowedMethods from '../../../plugins/http/allowed-methods.ts'
import cors from '../../../plugins/http/cors.ts'
import errors from '../../../plugins/http/errors.ts'
import headers from '../../../plugins/http/headers.ts'
import notFound from '../../../plugins/http/not-found.ts'
import draining from '../../../plugins/transport/draining.ts'
import transport from '../../../plugins/transport/transport.ts'
import { options } from '../../../src/app.ts'
import { readConfig } from '../../../src/config/config.ts'
import { answer, bearer, build, exchange, listen, readAnswer, refusal } from '../../helpers/app.ts'

const NOT_FOUND = { statusCode: 404, body: refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.') }
const NOT_ALLOWED = {
  statusCode: 405,
  body: refusal(405, 'Method Not Allowed', 'METHOD_NOT_ALLOWED', 'This path does not take that method.')
}

test('what no route has', async (t) => {
  const fastify = await build(t)

  const paths: [string, string][] = [
    ['an unknown path', '/nowhere'],
    ['a trailing slash', '/secret/'],
    ['another letter case', '/Secret'],
    ['two slashes', '//secret'],
    ['a part of a path', '/health'],
    ['more than a path', '/secret/x'],
    ['a path that climbs', '/docs/../package.json'],
    ['a query', '/nowhere?secret=1'],
    ['a long path', `/${'x'.repeat(10_000)}`]
  ]
  for (const [what, url] of paths) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'] as const) {
      await t.test(`is a 404 for ${method} and ${what}`, async (t) => {
        const response = await fastify.inject({ method, url })
        t.strictSame(answer(response), method === 'HEAD' ? { ...NOT_FOUND, body: '' } : NOT_FOUND)
        t.equal(response.headers.allow, undefined)
        t.equal(response.headers['cache-control'], 'no-store')
      })
    }
  }

  const methods: [InjectOptions['method'], string, string][] = [
    ['GET', '/login', 'POST'],
    ['HEAD', '/login', 'POST'],
    ['PUT', '/login', 'POST'],
    ['OPTIONS', '/login', 'POST'],
    ['GET', '/register', 'POST'],
    ['POST', '/secret', 'GET, HEAD'],
    ['DELETE', '/secret', 'GET, HEAD'],
    ['OPTIONS', '/secret', 'GET, HEAD'],
    ['PUT', '/me', 'DELETE, GET, HEAD, PATCH'],
    ['POST', '/.well-known/jwks.json', 'GET, HEAD'],
    ['POST', '/health/live', 'GET, HEAD'],
    ['PUT', '/health/ready', 'GET, HEAD'],
    ['POST', '/openapi.json?x=1', 'GET, HEAD'],
    ['POST', '/metrics', 'GET, HEAD'],
    ['POST', '/docs', 'GET, HEAD'],
    ['DELETE', '/docs/swagger-ui.css', 'GET, HEAD'],
    ['PROPFIND' as never, '/secret', 'GET, HEAD'],
    ['PUT', '/secret?%', 'GET, HEAD'],
    ['TRACE' as never, '/secret', 'GET, HEAD']
  ]
  for (const [method, url, allow] of methods) {
    await t.test(`is a 405 for ${method} ${url}`, async (t) => {
      const response = await fastify.inject({ method: method as 'GET', url })
      t.strictSame(answer(response), method === 'HEAD' ? { ...NOT_ALLOWED, body: '' } : NOT_ALLOWED)
      t.match(response.headers, { allow, 'cache-control': 'no-store' })
    })
  }

  await t.test('is told before a token, a query or a body is looked at', async (t) => {
    const bodies: [string, InjectOptions][] = [
      ['a body that is too large', { headers: { 'content-type': 'application/json' }, payload: 'x'.repeat(20_000) }],
      ['a body that is no JSON', { headers: { 'content-type': 'application/json' }, payload: '{' }],
      ['a body of another type', { headers: { 'content-type': 'text/xml' }, payload: '<x/>' }],
      ['a bad token', { headers: bearer('x') }]
    ]
    for (const [what, request] of bodies) {
      t.strictSame(answer(await fastify.inject({ method: 'POST', url: '/nowhere?x=1', ...request })), NOT_FOUND, what)
      t.strictSame(answer(await fastify.inject({ method: 'PUT', url: '/secret?x=1', ...request })), NOT_ALLOWED, what)
    }
  })

  const port = await listen(fastify)

  await t.test('is a 405 where a fragment that cannot be read follows a path that is there', async (t) => {
    const raw = await exchange(port, 'PUT /secret#% HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
    const { statusCode, body } = readAnswer(raw)
    t.strictSame({ statusCode, body }, NOT_ALLOWED)
  })

  await t.test('is told before a body has come', async (t) => {
    const head =
      'HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n\r\n'
    for (const [path, expected] of [
      ['/nowhere', NOT_FOUND],
      ['/secret', NOT_ALLOWED]
    ] as const) {
      const { statusCode, body } = readAnswer(await exchange(port, `POST ${path} ${head}`))
      t.strictSame({ statusCode, body }, expected)
    }
  })
})

test('a URL that cannot be read is a 400 for every method, known or not', async (t) => {
  const fastify = await build(t)
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND', 'TRACE']) {
    for (const url of ['/%', '/%ff', '/secret%2', '/docs/%', '/%?x=1']) {
      await t.test(`${method} ${url}`, async (t) => {
        const response = await fastify.inject({ method: method as 'GET', url })
        const body = refusal(400, 'Bad Request', 'MALFORMED_REQUEST', 'The URL could not be read.')
        t.strictSame(answer(response), { statusCode: 400, body: method === 'HEAD' ? '' : body })
        t.match(response.headers, { 'cache-control': 'no-store', 'x-request-id': /^[0-9a-f-]{36}$/ })
      })
    }
  }
})

test('a handler that finds out by itself that there is nothing answers like a path that no route has', async (t) => {
  const fastify = Fastify({ ...options, logger: { ...options.logger, level: 'silent' } })
  t.teardown(() => fastify.close())
  for (const plugin of [allowedMethods, errors, headers, draining, transport]) await fastify.register(plugin)
  await fastify.register(config, { config: readConfig({}) })
  await fastify.register(cors)
  await fastify.register(notFound)
  fastify.get('/things/:id', (_request, reply) => reply.callNotFound())
  const response = await fastify.inject('/things/1')
  t.strictSame(answer(response), NOT_FOUND)
  t.equal(response.headers['cache-control'], 'no-store')
})

test('HEAD is answered like GET without a body', async (t) => {
  const fastify = await build(t)
  const token = fastify.tokens.issue({ id: '01890a5d-ac96-774b-bcce-b302099a8057', username: 'ada' }, 'x')
  for (const url of [
    '/secret',
    '/me',
    '/health/live',
    '/health/ready',
    '/.well-known/jwks.json',
    '/openapi.json',
    '/docs'
  ]) {
    await t.test(url, async (t) => {
      for (const headers of [{}, bearer(token)]) {
        const [get, head] = await Promise.all([
          fastify.inject({ url, headers }),
          fastify.inject({ method: 'HEAD', url, headers })
        ])
        const { 'x-request-id': one, date: then, ...expected } = get.headers
        const { 'x-request-id': other, date: now, ...actual } = head.headers
        t.equal(head.statusCode, get.statusCode)
        t.equal(head.body, '')
        t.strictSame(actual, expected)
      }
    })
  }
})
