import { createHash } from 'node:crypto'
import { test } from 'tap'
import config from '../../../plugins/config.ts'
import headers from '../../../plugins/http/headers.ts'
import { createRenderPage } from '../../../plugins/pages/render-page.ts'
import { readConfig } from '../../../src/config/config.ts'
import { html } from '../../../src/pages/html.ts'
import { page } from '../../../src/pages/layout.ts'
import { assemble } from '../../helpers/assemble.ts'

test('a page of our own may show itself, post its form, and nothing else', async (t) => {
  const fastify = assemble(t, {
    plugins: [config, headers],
    config: readConfig({ SERVICE_URL: 'https://example.com' })
  })
  fastify.register(async (scope) => {
    const render = createRenderPage(scope.config)
    scope.get('/page', async (_request, reply) => render(reply, 'Title', html`<p>One</p>`, { wide: true }))
  })
  const response = await fastify.inject('/page')
  t.equal(
    response.body,
    page({ name: 'example.com', url: 'https://example.com' }, 'Title', html`<p>One</p>`, { wide: true })
  )
  const [, style = ''] = /<style>(.*)<\/style>/s.exec(response.body) ?? []
  const hash = createHash('sha256').update(style).digest('base64')
  t.match(response.headers, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; img-src data:; style-src 'sha256-${hash}'`,
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'same-origin',
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store'
  })
})
