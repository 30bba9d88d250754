import { test } from 'tap'
import { answer, build, refusal } from '../helpers/app.ts'

const NOT_FOUND = refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.')

test('GET /docs', async (t) => {
  const fastify = await build(t)

  await t.test('is a page that loads nothing but its own files, with all of the security headers', async (t) => {
    const { statusCode, headers, body } = await fastify.inject('/docs')
    t.equal(statusCode, 200)
    t.match(headers, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'public, max-age=3600',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer'
    })
    t.equal(
      headers['content-security-policy'],
      "default-src 'none'; base-uri 'none'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; " +
        "img-src 'self' data:; script-src 'self'; style-src 'self' 'unsafe-inline'"
    )
    const files = [...body.matchAll(/(?:src|href)="(docs\/[^"]+)"/g)].map(([, file]) => `/${file}`)
    t.strictSame(files, ['/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js', '/docs/start.js'])
    t.notMatch(body, /https?:/)
    for (const file of files) t.match(await fastify.inject(file), { statusCode: 200 }, `${file} is served`)
  })

  await t.test('shows the document of the service', async (t) => {
    const { headers, body } = await fastify.inject('/docs/start.js')
    t.match(headers, { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'public, max-age=3600' })
    t.match(body, "url: 'openapi.json'")
  })

  for (const url of ['/docs/', '/docs/nope', '/docs/..%2f..%2fpackage.json', '/docs/index.html', '/docs/a/b']) {
    await t.test(`has nothing at ${url}`, async (t) => {
      const response = await fastify.inject(url)
      t.strictSame(answer(response), { statusCode: 404, body: NOT_FOUND })
      t.equal(response.headers['cache-control'], 'no-store')
    })
  }
})
