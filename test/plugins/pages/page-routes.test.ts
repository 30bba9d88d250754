import { Type } from '@sinclair/typebox'
import { type Test, test } from 'tap'
import clock from '../../../plugins/clock.ts'
import config from '../../../plugins/config.ts'
import errors from '../../../plugins/http/errors.ts'
import headers from '../../../plugins/http/headers.ts'
import requestRules from '../../../plugins/http/request-rules.ts'
import { createPageRoutes } from '../../../plugins/pages/page-routes.ts'
import { createRenderPage } from '../../../plugins/pages/render-page.ts'
import openapi from '../../../plugins/schemas/openapi.ts'
import { readConfig } from '../../../src/config/config.ts'
import { html } from '../../../src/pages/html.ts'
import { assemble } from '../../helpers/assemble.ts'
import { withMail } from '../../helpers/mail.ts'
import { readPage, submit } from '../../helpers/page.ts'

const TOKEN = 'x'.repeat(43)

/** An application with one page, and what its form has been sent with. */
function start(t: Test, environment: Record<string, string> = {}, available = true) {
  const sent: unknown[] = []
  const plugins = [clock, config, requestRules, openapi, errors, headers, withMail({ available })]
  const fastify = assemble(t, { plugins, config: readConfig(environment) })
  fastify.register(async (scope) => {
    const addForm = createPageRoutes(scope, createRenderPage(scope.config))
    addForm(scope, {
      name: 'step',
      operationId: 'step',
      title: 'One more',
      description: 'A step.',
      body: Type.Object({ name: Type.String() }, { additionalProperties: false }),
      codes: [],
      preHandler: [],
      show: async (_request, token) => html`<p>token ${token}</p>`,
      async act(_request, body) {
        sent.push(body)
        return html`<p>done</p>`
      },
      refuse: ({ code }) => html`<p>${code}</p>`
    })
  })
  return { fastify, sent }
}

test('a page', async (t) => {
  const { fastify, sent } = start(t)

  await t.test('is shown with the token of its address, whatever else that has', async (t) => {
    const rows: [query: string, text: string][] = [
      [`?token=${TOKEN}`, `token ${TOKEN}`],
      [`?utm_source=a&utm_source=b&token=${TOKEN}&constructor=x&__proto__=x`, `token ${TOKEN}`],
      ['', 'token'],
      ['?token=', 'token'],
      ['?token=x', 'token'],
      [`?token=${TOKEN}x`, 'token'],
      [`?token=${TOKEN}&token=${TOKEN}`, 'token'],
      [`?token=${TOKEN.slice(1)}%3C`, 'token']
    ]
    for (const [query, text] of rows) {
      const response = await fastify.inject(`/step${query}`)
      t.strictSame(readPage(response), { statusCode: 200, text, inputs: [] }, query)
      t.match(response.body, '<title>One more - 127.0.0.1</title>')
      const head = await fastify.inject({ method: 'HEAD', url: `/step${query}` })
      t.equal(head.statusCode, 200)
    }
    t.strictSame(sent, [])
  })

  await t.test('does what its form is for, without what was left empty', async (t) => {
    const response = await submit(fastify, '/step', { name: 'a', other: '' })
    t.strictSame(readPage(response), { statusCode: 200, text: 'done', inputs: [] })
    t.strictSame(sent.splice(0), [{ name: 'a' }])
  })

  await t.test('says in a page what is refused', async (t) => {
    const rows: [response: ReturnType<typeof submit>, statusCode: number, code: string][] = [
      [submit(fastify, '/step', { name: 'a', other: 'b' }), 400, 'VALIDATION_FAILED'],
      [submit(fastify, '/step', {}), 400, 'VALIDATION_FAILED'],
      [submit(fastify, '/step?name=a', { name: 'a' }), 400, 'VALIDATION_FAILED'],
      [submit(fastify, '/step', { name: 'a\0' }), 400, 'MALFORMED_REQUEST'],
      [submit(fastify, '/step', { name: 'x'.repeat(20_000) }), 413, 'BODY_TOO_LARGE'],
      [submit(fastify, '/step', { name: 'a' }, { origin: 'https://evil.example' }), 403, 'FORBIDDEN'],
      [submit(fastify, '/step', { name: 'x'.repeat(20_000) }, {}), 403, 'FORBIDDEN']
    ]
    for (const [asked, statusCode, code] of rows) {
      const response = await asked
      t.strictSame(readPage(response), { statusCode, text: code, inputs: [] })
      t.match(response.body, '<title>Error: One more')
    }
    t.strictSame(sent, [])
  })
})

test('there is no page', async (t) => {
  const cases: [when: string, environment: Record<string, string>, available: boolean][] = [
    ['where a frontend has it', { APP_URL: 'https://app.example.com' }, true],
    ['where no mail can be sent', {}, false]
  ]
  for (const [when, environment, available] of cases) {
    await t.test(when, async (t) => {
      const { fastify } = start(t, environment, available)
      t.equal((await fastify.inject(`/step?token=${TOKEN}`)).statusCode, 404)
      t.equal((await submit(fastify, '/step', { name: 'a' })).statusCode, 404)
    })
  }
})
