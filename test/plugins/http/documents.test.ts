import { test } from 'tap'
import { build, exchange, listen } from '../../helpers/app.ts'

test('an answer that stays the same', async (t) => {
  const fastify = await build(t)
  const port = await listen(fastify)
  const urls = [
    '/openapi.json',
    '/docs',
    '/docs/start.js',
    '/docs/swagger-ui.css',
    '/docs/swagger-ui-bundle.js',
    '/.well-known/jwks.json',
    '/.well-known/oauth-authorization-server'
  ]
  for (const url of urls) {
    for (const method of ['GET', 'HEAD'] as const) {
      await t.test(`has a tag, and is not sent to who names it: ${method} ${url}`, async (t) => {
        const ask = (etag?: string) =>
          fastify.inject({ method, url, headers: etag === undefined ? {} : { 'if-none-match': etag } })
        const first = await ask()
        const { etag, 'x-request-id': _id, date: _date, 'content-length': length, ...headers } = first.headers
        t.equal(first.statusCode, 200)
        t.match(etag, /^"[\w-]{43}"$/)
        t.equal((await ask()).headers.etag, etag)
        t.equal((await ask('"another"')).statusCode, 200)

        for (const tag of [`${etag}`, `W/${etag}`, `"another", ${etag}`, '*']) {
          const { statusCode, body, headers: its } = await ask(tag)
          t.strictSame({ statusCode, body }, { statusCode: 304, body: '' }, tag)
          const { 'x-request-id': _id, date: _date, 'content-length': sent = length, ...rest } = its
          t.strictSame(rest, { ...headers, etag }, 'with all that a cache keeps')
          t.equal(sent, length)
        }
      })
    }

    await t.test(`has no body as a 304 on the wire: ${url}`, async (t) => {
      for (const method of ['GET', 'HEAD']) {
        const raw = await exchange(
          port,
          `${method} ${url} HTTP/1.1\r\nhost: x\r\nif-none-match: *\r\nconnection: close\r\n\r\n`
        )
        t.match(raw, /^HTTP\/1\.1 304 Not Modified\r\n/)
        t.equal(raw.indexOf('\r\n\r\n'), raw.length - 4)
      }
    })
  }

  await t.test('is refused before it is compared', async (t) => {
    const response = await fastify.inject({ url: '/openapi.json?x=1', headers: { 'if-none-match': '*' } })
    t.equal(response.statusCode, 400)
    t.equal(response.headers.etag, undefined)
  })
})
