import { test } from 'tap'
import { answer, build, refusal } from '../helpers/app.ts'

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
const FILES = { 'console.js': "document.title = 'x'", 'console.css': 'p { color: red }' }
const NOT_FOUND = refusal(404, 'Not Found', 'NOT_FOUND', 'There is nothing here.')

test('the console', async (t) => {
  const fastify = await build(t, { consoleFolder: t.testdir(FILES) })
  const page = await fastify.inject('/console')
  const [, css = '', js = ''] =
    /href="(console\/[\w-]{22}\.css)">\s+<script type="module" src="(console\/[\w-]{22}\.js)">/.exec(page.body) ?? []

  await t.test('is a page that loads its own files alone, by relative addresses', async (t) => {
    t.equal(page.statusCode, 200)
    t.match(page.headers, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': POLICY,
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY'
    })
    t.equal(page.headers['content-security-policy'], POLICY)
    t.strictSame(
      [...page.body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address),
      ['data:,', css, js]
    )
    t.notMatch(page.body, /style=|<style|\son\w+=|<script>/)
    t.match(page.body, '<html lang="en" data-pages="on">')
    t.match(page.body, '<noscript>The console needs JavaScript.')
  })

  await t.test('has files that may be kept for ever', async (t) => {
    const rows: [path: string, type: string, body: string][] = [
      [js, 'text/javascript; charset=utf-8', FILES['console.js']],
      [css, 'text/css; charset=utf-8', FILES['console.css']]
    ]
    for (const [path, type, body] of rows) {
      const response = await fastify.inject(`/${path}`)
      t.strictSame([response.statusCode, response.body], [200, body])
      t.match(response.headers, {
        'content-type': type,
        'cache-control': 'public, max-age=31536000, immutable',
        'cross-origin-resource-policy': 'same-origin',
        'x-content-type-options': 'nosniff'
      })
      const again = await fastify.inject({ url: `/${path}`, headers: { 'if-none-match': response.headers.etag } })
      t.strictSame([again.statusCode, again.body], [304, ''])
      t.strictSame((await fastify.inject({ method: 'HEAD', url: `/${path}` })).statusCode, 200)
    }
  })

  await t.test('has nothing else', async (t) => {
    const urls = ['/console/', '/console/console.js', '/console/x.js', '/console/..%2f..%2fpackage.json', '/Console']
    for (const url of urls) t.strictSame(answer(await fastify.inject(url)), { statusCode: 404, body: NOT_FOUND }, url)
    t.match(await fastify.inject('/console?x=1'), { statusCode: 400 })
    t.match(await fastify.inject({ method: 'POST', url: '/console' }), { statusCode: 405 })
  })

  await t.test('is not part of the API reference', async (t) => {
    const { paths } = (await fastify.inject('/openapi.json')).json()
    t.notOk(Object.keys(paths).some((path) => path.startsWith('/console')))
  })
})

test('says so if it was not built', async (t) => {
  const message = 'The console was not built: run npm run build, and start the service again.'
  for (const files of [{}, { 'console.js': '' }]) {
    const fastify = await build(t, { consoleFolder: t.testdir(files) })
    const body = refusal(404, 'Not Found', 'NOT_FOUND', message)
    t.strictSame(answer(await fastify.inject('/console')), { statusCode: 404, body })
  }
})

test('says whether there are pages to sign in on', async (t) => {
  const fastify = await build(t, { environment: { PAGES: 'off' }, consoleFolder: t.testdir(FILES) })
  t.match((await fastify.inject('/console')).body, '<html lang="en" data-pages="off">')
})

test('is not there with ADMIN=off', async (t) => {
  const fastify = await build(t, { environment: { ADMIN: 'off' }, consoleFolder: t.testdir(FILES) })
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST'] as const) {
    t.equal((await fastify.inject({ method, url: '/console' })).statusCode, 404, method)
  }
})
