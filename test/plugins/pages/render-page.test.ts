import { test } from 'tap'
import clock from '../../../plugins/clock.ts'
import config from '../../../plugins/config.ts'
import headers from '../../../plugins/http/headers.ts'
import { createPageRenderer } from '../../../plugins/pages/render-page.ts'
import { readConfig } from '../../../src/config/config.ts'
import { html } from '../../../src/pages/html.ts'
import { renderPage } from '../../../src/pages/layout.ts'
import { assemble } from '../../helpers/assemble.ts'

const VIEW = { title: 'Title', content: html`<p>One</p>` }

test('a page loads our own sheet and script, sends our own forms, and nothing else', async (t) => {
  const fastify = assemble(t, {
    plugins: [clock, config, headers],
    config: readConfig({ SERVICE_URL: 'https://example.com' })
  })
  const pages: string[] = []
  fastify.register(async (scope) => {
    const { contextOf, render } = createPageRenderer(scope)
    scope.get('/one/page/:id', async (request, reply) => {
      const page = contextOf(request)
      pages.push(renderPage(page, VIEW), page.root)
      return render(reply, page, VIEW)
    })
    scope.get('/popup', async (request, reply) => render(reply, contextOf(request), { ...VIEW, keepsOpener: true }))
  })
  const response = await fastify.inject({ url: '/one/page/5?x', headers: { 'accept-language': 'tlh, en;q=0.1' } })
  t.strictSame(pages, [response.body, '../../'], 'links are relative to the root of the service')
  t.match(response.body, '<header class="service"><span>example.com</span>')
  t.match(response.headers, {
    'content-type': 'text/html; charset=utf-8',
    'content-language': 'en',
    'content-security-policy':
      "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; img-src 'self' data:; script-src 'self'; style-src 'self'; require-trusted-types-for 'script'",
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'publickey-credentials-create=(self), publickey-credentials-get=(self)',
    'referrer-policy': 'same-origin',
    vary: 'accept-language',
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store'
  })
  const popup = await fastify.inject({ url: '/popup', headers: { 'accept-language': 'en' } })
  const { 'x-request-id': _, date: __, 'content-length': ___, ...same } = response.headers
  t.match(
    popup.headers,
    { ...same, 'cross-origin-opener-policy': 'unsafe-none' },
    'but for its opener, if it keeps that'
  )
})

test('a page is in the language of the browser, with the texts and the files of PAGES_FOLDER', async (t) => {
  const folder = t.testdir({
    'texts.fr.json': JSON.stringify({ error: 'Erreur : {title}' }),
    'style.css': 'p { color: red }'
  })
  const fastify = assemble(t, { plugins: [clock, config, headers], config: readConfig({ PAGES_FOLDER: folder }) })
  fastify.register(async (scope) => {
    const { assets, contextOf, render } = createPageRenderer(scope)
    t.match(assets.ownSheet, { path: /^pages\/assets\/[\w-]{22}\.css$/ })
    scope.get('/page', async (request, reply) => render(reply, contextOf(request), { ...VIEW, failed: true }))
  })
  const french = await fastify.inject({ url: '/page', headers: { 'accept-language': 'fr-CA, en;q=0.5' } })
  t.equal(french.headers['content-language'], 'fr')
  t.match(french.body, '<html lang="fr" dir="ltr">')
  t.match(french.body, '<title>Erreur : Title - 127.0.0.1</title>')
  t.equal(french.body.match(/<link rel="stylesheet"/g)?.length, 2)
})

test('at an IP address, a page knows where passkeys work', async (t) => {
  const fastify = assemble(t, { plugins: [clock, config, headers], config: readConfig({}) })
  fastify.register(async (scope) => {
    const { contextOf } = createPageRenderer(scope)
    scope.all('/pages/step', async (request) => ({ at: contextOf(request).passkeysAt }))
  })
  const rows: [method: 'GET' | 'POST', host: string, at: string | undefined][] = [
    ['GET', '127.0.0.1:3000', 'http://localhost:3000/pages/step?a=b'],
    ['POST', '127.0.0.1:3000', 'http://localhost:3000/pages/step'],
    ['GET', 'localhost:3000', undefined]
  ]
  for (const [method, host, at] of rows) {
    const response = await fastify.inject({ method, url: '/pages/step?a=b', headers: { host } })
    t.equal(response.json().at, at, `${method} ${host}`)
  }
})

test('files of PAGES_FOLDER that are invalid stop the start', async (t) => {
  const folder = t.testdir({ 'styles.css': '' })
  const fastify = assemble(t, { plugins: [clock, config], config: readConfig({ PAGES_FOLDER: folder }) })
  await fastify.ready()
  t.throws(() => createPageRenderer(fastify), { name: 'PagesFolderError', message: /styles\.css is unknown/ })
})
