import { Type } from '@sinclair/typebox'
import { type Test, test } from 'tap'
import clock from '../../../plugins/clock.ts'
import config from '../../../plugins/config.ts'
import type { LinkInfo } from '../../../plugins/flows/email-links.ts'
import errors from '../../../plugins/http/errors.ts'
import headers from '../../../plugins/http/headers.ts'
import { createLinkPages, type LinkPage } from '../../../plugins/pages/link-pages.ts'
import { createPageRoutes } from '../../../plugins/pages/page-routes.ts'
import { createRenderPage } from '../../../plugins/pages/render-page.ts'
import openapi from '../../../plugins/schemas/openapi.ts'
import { readConfig } from '../../../src/config/config.ts'
import { Problem } from '../../../src/errors.ts'
import { askingForm } from '../../../src/pages/form.ts'
import { html } from '../../../src/pages/html.ts'
import { assemble } from '../../helpers/assemble.ts'
import { withMail } from '../../helpers/mail.ts'
import { readPage, submit } from '../../helpers/page.ts'

const Body = Type.Object(
  { token: Type.String(), nick: Type.Optional(Type.String({ maxLength: 3 })), pass: Type.String() },
  { additionalProperties: false }
)
const TOKEN = 'x'.repeat(43)
const LINK: LinkInfo = { names: { username: null, email: 'ada@example.com' }, email: 'new@example.com' }

/** An application with one page, and what its form has been sent with. */
function start(t: Test, more: Partial<LinkPage<typeof Body>> = {}) {
  const sent: unknown[] = []
  const state: { link: LinkInfo | undefined; problem?: Problem } = { link: LINK }
  const plugins = [clock, config, openapi, errors, headers, withMail({ available: true })]
  const fastify = assemble(t, { plugins, config: readConfig({}) })
  fastify.register(async (scope) => {
    const addLink = createLinkPages(createPageRoutes(scope, createRenderPage(scope.config)))
    addLink(scope, {
      name: 'step',
      operationId: 'step',
      title: 'One more',
      intro: ({ email }) => html`<p>For ${email}.</p>`,
      fields: [
        { name: 'nick', label: 'Name', called: 'the name', type: 'text', autocomplete: 'username', optional: true },
        { name: 'pass', label: 'Password', called: 'the password', type: 'password', autocomplete: 'new-password' }
      ],
      button: 'Go on',
      done: { title: 'There', text: 'That is all.' },
      renewal: { text: 'Ask again.', form: askingForm('again', 'Ask') },
      body: Body,
      codes: ['ACCOUNT_EXISTS'],
      look: async () => state.link,
      async act(_request, body) {
        if (state.problem) throw state.problem
        sent.push(body)
      },
      ...more
    })
  })
  return { fastify, sent, state }
}

const INPUTS = ['token', 'nick', 'pass']
const OVER = /^This link has expired or was already used .* Ask again\. Email address Ask$/

test('a page of a link', async (t) => {
  await t.test('says what it is about, asks for what its form needs, and keeps the token', async (t) => {
    const { fastify, sent } = start(t)
    const response = await fastify.inject(`/step?token=${TOKEN}`)
    const text = 'One more For new@example.com. Name Password Go on'
    t.strictSame(readPage(response), { statusCode: 200, text, inputs: INPUTS })
    t.match(response.body, `<input type="hidden" name="token" value="${TOKEN}">`)
    t.match(response.body, 'autocomplete="username" value="ada@example.com" readonly>')
    t.strictSame(sent, [], 'and does nothing')
  })

  await t.test('says of an address without a whole token that it is incomplete', async (t) => {
    const { fastify } = start(t)
    for (const url of ['/step', '/step?token=a']) {
      t.match(readPage(await fastify.inject(url)), {
        statusCode: 200,
        text: /^This link is incomplete .* Ask again\./,
        inputs: ['email']
      })
    }
  })

  await t.test('does what it is for when its form is sent', async (t) => {
    const { fastify, sent } = start(t)
    const response = await submit(fastify, '/step', { token: TOKEN, nick: '', pass: 'b' })
    t.strictSame(readPage(response), { statusCode: 200, text: 'There That is all.', inputs: [] })
    t.strictSame(sent, [{ token: TOKEN, pass: 'b' }])
  })

  await t.test('is looked up by a form after its limits alone', async (t) => {
    let looked = 0
    const { fastify, sent } = start(t, {
      preHandler: [(_request, _reply, done) => done(new Problem('TOO_MANY_REQUESTS'))],
      codes: ['TOO_MANY_REQUESTS'],
      look: async () => {
        looked += 1
        return LINK
      }
    })
    t.equal((await submit(fastify, '/step', { token: TOKEN, pass: 'word' })).statusCode, 429)
    t.strictSame([looked, sent], [0, []])
  })

  await t.test('asks again where something else would do, and keeps what is no secret', async (t) => {
    const { fastify, state } = start(t)
    const long = await submit(fastify, '/step', { token: TOKEN, nick: '"long', pass: 'secret' })
    t.match(readPage(long), {
      statusCode: 400,
      text: /^One more For new@example\.com\. Check what is marked below\. Name The name must have at most 3 characters\./,
      inputs: INPUTS
    })
    t.match(long.body, 'value="&quot;long" aria-invalid="true"')
    t.notMatch(long.body, 'secret')
    state.problem = new Problem('DATABASE_UNAVAILABLE')
    const away = await submit(fastify, '/step', { token: TOKEN, pass: 'b' })
    t.match(readPage(away), { statusCode: 503, text: /The service is busy/, inputs: INPUTS })
  })

  await t.test('does not ask again where no other try would do', async (t) => {
    const { fastify, state } = start(t)
    const origin = 'http://127.0.0.1:3000'
    t.match(readPage(await fastify.inject({ method: 'POST', url: '/step', headers: { origin } })), { statusCode: 400 })
    const headers = { origin, 'content-type': 'application/json' }
    const json = await fastify.inject({ method: 'POST', url: '/step', headers, payload: 'null' })
    t.match(readPage(json), { statusCode: 400, text: /^One more The form could not be read\./, inputs: [] })
    for (const fields of [{}, { pass: 'b' }]) {
      const response = readPage(await submit(fastify, '/step', fields))
      t.match(response, { statusCode: 400, text: /^One more The form could not be read\./, inputs: [] })
    }
    state.problem = new Problem('ACCOUNT_EXISTS', { errors: [{ path: '/token', message: 'is taken' }] })
    const taken = await submit(fastify, '/step', { token: TOKEN, pass: 'b' })
    t.match(readPage(taken), {
      statusCode: 409,
      text: 'One more Another account uses this address by now.',
      inputs: []
    })
  })

  await t.test('says that the link is no longer good, before it looks at what was entered', async (t) => {
    const { fastify, state } = start(t)
    state.problem = new Problem('EMAIL_TOKEN_INVALID')
    t.match(readPage(await submit(fastify, '/step', { token: TOKEN, pass: 'b' })), { statusCode: 400, text: OVER })
    state.link = undefined
    t.match(readPage(await submit(fastify, '/step', { token: TOKEN })), {
      statusCode: 400,
      text: OVER,
      inputs: ['email']
    })
    t.match(readPage(await fastify.inject(`/step?token=${TOKEN}`)), { statusCode: 200, text: OVER, inputs: ['email'] })
  })

  await t.test('says of a link that was followed that it was, where it may be followed again', async (t) => {
    const { fastify, state } = start(t, { doneBefore: { title: 'Done already', text: 'Some time ago.' } })
    state.link = { ...LINK, done: true }
    t.match(readPage(await fastify.inject(`/step?token=${TOKEN}`)), {
      statusCode: 200,
      text: 'Done already Some time ago.'
    })
    t.match(readPage(await submit(fastify, '/step', { token: TOKEN, pass: 'b' })), { statusCode: 200, text: /^There/ })
  })

  await t.test('may have another form for the same token, and no way to another mail', async (t) => {
    const { fastify } = start(t, {
      fields: [],
      beside: { intro: html`<h2>Or</h2>`, form: { action: 'other', fields: [], button: 'Leave it' } },
      renewal: { text: 'Sign in.' }
    })
    const response = await fastify.inject(`/step?token=${TOKEN}`)
    t.match(readPage(response), { text: /Go on Or Leave it$/, inputs: ['token', 'token'] })
    t.match(response.body, 'action="other"')
    t.match(readPage(await fastify.inject('/step')), { text: /Sign in\.$/, inputs: [] })
  })

  await t.test('names a link that is of no account yet by its address', async (t) => {
    const { fastify, state } = start(t)
    state.link = { names: { username: null, email: null }, email: 'new@example.com' }
    t.match((await fastify.inject(`/step?token=${TOKEN}`)).body, 'value="new@example.com" readonly>')
    state.link = { names: { username: 'ada', email: null }, email: 'new@example.com' }
    t.match((await fastify.inject(`/step?token=${TOKEN}`)).body, 'value="ada" readonly>')
  })
})
