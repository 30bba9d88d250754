import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import clock from '../../../plugins/clock.ts'
import config from '../../../plugins/config.ts'
import type { LinkInfo } from '../../../plugins/flows/email-links.ts'
import errors from '../../../plugins/http/errors.ts'
import headers from '../../../plugins/http/headers.ts'
import jsonBody from '../../../plugins/http/json-body.ts'
import requestRules from '../../../plugins/http/request-rules.ts'
import { createLinkPages, type LinkPage } from '../../../plugins/pages/link-pages.ts'
import { createPageRoutes } from '../../../plugins/pages/page-routes.ts'
import { createPageRenderer } from '../../../plugins/pages/render-page.ts'
import openapi from '../../../plugins/schemas/openapi.ts'
import { readConfig } from '../../../src/config/config.ts'
import { Problem } from '../../../src/errors.ts'
import { html } from '../../../src/pages/html.ts'
import { askAgain } from '../../../src/pages/link-form.ts'
import { assemble } from '../../helpers/assemble.ts'
import { ORIGIN, readPage, submit } from '../../helpers/page.ts'

const Body = Type.Object(
  { token: Type.String(), nick: Type.Optional(Type.String({ maxLength: 3 })), pass: Type.String() },
  { additionalProperties: false }
)
const TOKEN = 'x'.repeat(43)
const LINK: LinkInfo = { names: { username: null, email: 'ada@example.com' }, email: 'new@example.com' }

/** An application with one page, and the forms that it accepted. */
function start(t: Test, more: Partial<LinkPage<typeof Body>> = {}, offered = true, hosted = false) {
  const sent: unknown[] = []
  const state: { link: LinkInfo | undefined; problem?: Problem } = { link: LINK }
  const plugins = [clock, config, openapi, requestRules, errors, headers, jsonBody]
  const fastify = assemble(t, { plugins, config: readConfig({}) })
  const page = async (scope: FastifyInstance) => {
    const addLink = createLinkPages(offered, createPageRoutes(scope, createPageRenderer(scope), String), hosted)
    addLink(scope, {
      action: 'pages/step',
      title: 'confirm.title',
      intro: (_page, { email }) => html`<p>For ${email}.</p>`,
      fields: [
        { name: 'nick', label: 'username', type: 'text', autocomplete: 'username', optional: true },
        { name: 'pass', label: 'password', type: 'password', autocomplete: 'new-password' }
      ],
      button: 'confirm.button',
      done: { title: 'confirm.done', text: 'close-page' },
      renewal: { text: 'reset.renewal', form: askAgain('pages/password/forgot') },
      body: Body,
      look: async () => state.link,
      async act(_request, body) {
        if (state.problem) throw state.problem
        sent.push(body)
      },
      ...more
    })
  }
  fastify.register(page, { prefix: '/pages' })
  return { fastify, sent, state }
}

const INPUTS = ['token', 'nick', 'pass']
const TITLE = 'Confirm your new email address'
const FORM = `${TITLE} For new@example.com. Username Password Use the new address`
const OVER = /^This link has expired or was already used .* another mail .* Email address Send another mail$/
const UNREADABLE = `${TITLE} The form could not be read. Open the page again, and send the form from there.`

test('the page of a link', async (t) => {
  await t.test('says what it is for, asks for what its form needs, and keeps the token', async (t) => {
    const { fastify, sent } = start(t)
    const response = await fastify.inject(`/pages/step?token=${TOKEN}`)
    t.strictSame(readPage(response), { statusCode: 200, text: FORM, inputs: INPUTS })
    t.match(response.body, `<input type="hidden" name="token" value="${TOKEN}">`)
    t.match(response.body, 'autocomplete="username" value="ada@example.com" readonly>')
    t.match(response.body, `<title>${TITLE} - 127.0.0.1</title>`)
    t.strictSame(sent, [])
  })

  await t.test('says that a link is incomplete, without a look-up', async (t) => {
    const { fastify } = start(t, { look: () => Promise.reject(new Error('looked up')) })
    const queries = ['', '?token=', '?token', `?token=${TOKEN}x`, `?token=${TOKEN}&token=${TOKEN}`, '?token=%22%3E']
    for (const query of queries) {
      t.match(
        readPage(await fastify.inject(`/pages/step${query}`)),
        { statusCode: 200, text: /^This link is incomplete .* another mail/, inputs: ['email'] },
        query
      )
    }
  })

  await t.test('does what it is for when its form is sent', async (t) => {
    const { fastify, sent } = start(t)
    const response = await submit(fastify, '/pages/step', { token: TOKEN, nick: '', pass: 'b' })
    t.strictSame(readPage(response), {
      statusCode: 200,
      text: 'Your address is changed You can close this page.',
      inputs: []
    })
    t.strictSame(sent, [{ token: TOKEN, pass: 'b' }])
  })

  await t.test('is looked up by a form after the limits', async (t) => {
    let looked = 0
    const { fastify, sent } = start(t, {
      preHandler: (_request, _reply, done) => done(new Problem('TOO_MANY_REQUESTS') as Error),
      look: async () => {
        looked += 1
        return LINK
      }
    })
    t.equal((await submit(fastify, '/pages/step', { token: TOKEN, pass: 'word' })).statusCode, 429)
    t.strictSame([looked, sent], [0, []])
  })

  await t.test('shows the form again where another try can help, and keeps everything but secrets', async (t) => {
    const { fastify, state } = start(t)
    const long = await submit(fastify, '/pages/step', { token: TOKEN, nick: '"long', pass: 'secret' })
    t.strictSame(readPage(long), {
      statusCode: 400,
      text: `${TITLE} For new@example.com. Check what is marked below. Username This is not valid. Password Use the new address`,
      inputs: INPUTS
    })
    t.match(long.body, 'value="&quot;long" aria-invalid="true"')
    t.notMatch(long.body, 'secret')
    state.problem = new Problem('DATABASE_UNAVAILABLE')
    const unavailable = await submit(fastify, '/pages/step', { token: TOKEN, pass: 'b' })
    t.match(readPage(unavailable), { statusCode: 503, text: /The service is busy/, inputs: INPUTS })
  })

  await t.test('does not show it where no other try can help', async (t) => {
    const { fastify, state } = start(t)
    const empty = await fastify.inject({ method: 'POST', url: '/pages/step', headers: { origin: ORIGIN } })
    t.match(readPage(empty), { statusCode: 400, inputs: { length: 0 } })
    const headers = { origin: ORIGIN, 'content-type': 'application/json' }
    const json = await fastify.inject({ method: 'POST', url: '/pages/step', headers, payload: 'null' })
    t.strictSame(readPage(json), { statusCode: 400, text: UNREADABLE, inputs: [] })
    for (const fields of [{}, { pass: 'b' }] as Record<string, string>[]) {
      t.strictSame(readPage(await submit(fastify, '/pages/step', fields)), {
        statusCode: 400,
        text: UNREADABLE,
        inputs: []
      })
    }
    state.problem = new Problem('ACCOUNT_EXISTS', { errors: [{ path: '/token', message: 'is taken' }] })
    t.strictSame(readPage(await submit(fastify, '/pages/step', { token: TOKEN, pass: 'b' })), {
      statusCode: 409,
      text: `${TITLE} Another account uses this address.`,
      inputs: []
    })
  })

  await t.test('says that the link has expired before it looks at what was entered', async (t) => {
    const { fastify, state } = start(t)
    state.problem = new Problem('EMAIL_TOKEN_INVALID')
    const expired = { statusCode: 400, text: OVER, inputs: ['email'] }
    t.match(readPage(await submit(fastify, '/pages/step', { token: TOKEN, pass: 'b' })), expired)
    state.link = undefined
    t.match(readPage(await submit(fastify, '/pages/step', { token: TOKEN })), expired)
    t.match(readPage(await fastify.inject(`/pages/step?token=${TOKEN}`)), { ...expired, statusCode: 200 })
  })

  await t.test('says of a link that was followed that it was, where it may be followed again', async (t) => {
    const { fastify, state } = start(t, {
      doneBefore: { title: 'verify.done-before', text: 'verify.done-before.text' }
    })
    state.link = { ...LINK, done: true }
    t.strictSame(readPage(await fastify.inject(`/pages/step?token=${TOKEN}`)), {
      statusCode: 200,
      text: 'Your address is confirmed already This link was already used, and there is nothing more to do.',
      inputs: []
    })
    const again = await submit(fastify, '/pages/step', { token: TOKEN, pass: 'b' })
    t.match(readPage(again), { statusCode: 200, text: /^Your address is changed/ })
  })

  await t.test('may have another form for the same token, and no other mail', async (t) => {
    const { fastify } = start(t, {
      fields: [],
      beside: {
        title: 'reject.title',
        text: 'reject.text',
        form: { action: 'pages/other', fields: [], button: 'reject.button' }
      },
      renewal: { text: 'confirm.renewal' }
    })
    const response = await fastify.inject(`/pages/step?token=${TOKEN}`)
    t.match(readPage(response), { text: /Take my address off it$/, inputs: ['token', 'token'] })
    t.match(response.body, 'action="../pages/other"')
    t.match(readPage(await fastify.inject('/pages/step')), {
      text: /change the address again\.$/,
      inputs: { length: 0 }
    })
  })

  await t.test('names a link of no account by its address', async (t) => {
    const { fastify, state } = start(t)
    state.link = { names: { username: null, email: null }, email: 'new@example.com' }
    t.match((await fastify.inject(`/pages/step?token=${TOKEN}`)).body, 'value="new@example.com" readonly>')
    state.link = { names: { username: 'ada', email: null }, email: 'new@example.com' }
    t.match((await fastify.inject(`/pages/step?token=${TOKEN}`)).body, 'value="ada" readonly>')
  })

  await t.test('leads to the sign-in once nothing is left to do, where people sign in here', async (t) => {
    const rows: [more: { thenSignIn?: true }, hosted: boolean, leads: boolean][] = [
      [{ thenSignIn: true }, true, true],
      [{ thenSignIn: true }, false, false],
      [{}, true, false]
    ]
    for (const [more, hosted, leads] of rows) {
      const { fastify, state } = start(t, more, true, hosted)
      const form = await fastify.inject(`/pages/step?token=${TOKEN}`)
      t.notMatch(form.body, 'pages/login', 'not beside its form')
      const done = await submit(fastify, '/pages/step', { token: TOKEN, pass: 'b' })
      state.link = undefined
      const gone = [await fastify.inject('/pages/step'), await fastify.inject(`/pages/step?token=${TOKEN}`)]
      for (const { body } of [done, ...gone, await submit(fastify, '/pages/step', { token: TOKEN, pass: 'b' })]) {
        t.equal(body.includes('<p class="links"><a href="../pages/login">Sign in</a></p>'), leads)
      }
    }
  })

  await t.test('exists only if the links in mails lead here', async (t) => {
    const { fastify } = start(t, {}, false)
    t.equal((await fastify.inject(`/pages/step?token=${TOKEN}`)).statusCode, 404)
  })
})
