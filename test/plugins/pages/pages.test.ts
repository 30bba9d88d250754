import { Type } from '@sinclair/typebox'
import fp from 'fastify-plugin'
import { test } from 'tap'
import clock from '../../../plugins/clock.ts'
import config from '../../../plugins/config.ts'
import errors from '../../../plugins/http/errors.ts'
import headers from '../../../plugins/http/headers.ts'
import requestRules from '../../../plugins/http/request-rules.ts'
import pages from '../../../plugins/pages/pages.ts'
import openapi from '../../../plugins/schemas/openapi.ts'
import { readConfig } from '../../../src/config/config.ts'
import { html } from '../../../src/pages/html.ts'
import { assemble } from '../../helpers/assemble.ts'
import { withMail } from '../../helpers/mail.ts'
import { readPage, submit } from '../../helpers/page.ts'

/** Plugins that the pages of this test do not use. */
const unused = ['audit', 'limits'].map((name) => fp(async () => {}, { name }))

test('the pages of one service look the same, whoever adds them', async (t) => {
  const plugins = [
    clock,
    config,
    requestRules,
    openapi,
    errors,
    headers,
    withMail({ available: true }),
    ...unused,
    pages
  ]
  const fastify = assemble(t, { plugins, config: readConfig({ SERVICE_NAME: 'The service' }) })
  fastify.register(async (scope) => {
    const { render, addForm } = scope.pages
    scope.get('/plain', async (_request, reply) => render(reply, 'Plain', html`<p>One</p>`))
    addForm(scope, {
      name: 'form',
      operationId: 'form',
      title: 'A form',
      description: 'A form.',
      body: Type.Object({ name: Type.String() }, { additionalProperties: false }),
      codes: [],
      preHandler: [],
      show: async () => html`<p>shown</p>`,
      act: async (_request, { name }) => html`<p>done by ${name}</p>`,
      refuse: ({ code }) => html`<p>${code}</p>`
    })
  })
  await fastify.ready()
  t.strictSame(Object.keys(fastify.pages), ['render', 'addForm', 'addLink', 'addMailRequest'])

  const plain = await fastify.inject('/plain')
  const shown = await fastify.inject('/form')
  const done = await submit(fastify, '/form', { name: '<b>' })
  const refused = await submit(fastify, '/form', { other: 'a' })
  t.strictSame(readPage(plain), { statusCode: 200, text: 'One', inputs: [] })
  t.strictSame(readPage(shown), { statusCode: 200, text: 'shown', inputs: [] })
  t.match(done.body, '<p>done by &lt;b&gt;</p>')
  t.strictSame(readPage(refused), { statusCode: 400, text: 'VALIDATION_FAILED', inputs: [] })
  for (const response of [plain, shown, done, refused]) {
    t.match(response.body, / - The service<\/title>/)
    t.equal(response.headers['content-security-policy'], plain.headers['content-security-policy'])
    t.match(response.headers, { 'referrer-policy': 'same-origin', 'cache-control': 'no-store' })
  }
})
