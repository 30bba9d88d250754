import { Readable } from 'node:stream'
import { Type } from '@sinclair/typebox'
import type { preValidationHookHandler } from 'fastify'
import { type Test, test } from 'tap'
import clock from '../../../plugins/clock.ts'
import config from '../../../plugins/config.ts'
import errors from '../../../plugins/http/errors.ts'
import headers from '../../../plugins/http/headers.ts'
import jsonBody from '../../../plugins/http/json-body.ts'
import requestRules from '../../../plugins/http/request-rules.ts'
import { createPageRoutes, type GoTo, type PageRoute } from '../../../plugins/pages/page-routes.ts'
import { createPageRenderer } from '../../../plugins/pages/render-page.ts'
import { createReturning } from '../../../plugins/pages/return-to.ts'
import openapi from '../../../plugins/schemas/openapi.ts'
import { readConfig } from '../../../src/config/config.ts'
import { Problem } from '../../../src/errors.ts'
import { html } from '../../../src/pages/html.ts'
import { assemble } from '../../helpers/assemble.ts'
import { ORIGIN, readPage, submit } from '../../helpers/page.ts'

const FORM_TYPE = 'application/x-www-form-urlencoded'

const Body = Type.Object({ nick: Type.String(), other: Type.Optional(Type.String()) }, { additionalProperties: false })

/** An application with one page, and the forms that it accepted. */
function start(
  t: Test,
  more: Partial<PageRoute<typeof Body>> = {},
  environment: Record<string, string> = {},
  log: Record<string, unknown>[] = []
) {
  const sent: unknown[] = []
  const plugins = [clock, config, requestRules, openapi, errors, headers, jsonBody]
  const fastify = assemble(t, { plugins, log, config: readConfig(environment) })
  fastify.register(
    async (scope) => {
      createPageRoutes(
        scope,
        createPageRenderer(scope),
        createReturning(scope.config).pageOf
      )(scope, {
        path: '/step',
        body: Body,
        show: async () => ({ title: 'One more', content: html`<p>shown</p>` }),
        async act(_visit, body) {
          sent.push(body)
          return { title: 'One more', content: html`<p>done</p>` }
        },
        refuse: ({ request }, { code }) => ({
          title: 'One more',
          content: html`<p>${code} ${(request.body as { nick?: string } | undefined)?.nick}</p>`
        }),
        ...more
      })
    },
    { prefix: '/pages' }
  )
  return { fastify, sent }
}

const FOREIGN =
  'That did not work This form did not come from our own page. Open the page again, and send the form from there.'

test('a page', async (t) => {
  const { fastify, sent } = start(t)

  await t.test('is shown whatever parameters its address has, and HEAD is as GET', async (t) => {
    for (const query of ['', '?utm_source=a&utm_source=b', '?constructor=x&__proto__=x', '?a[b]=1', '?%00=x', '#x']) {
      const response = await fastify.inject(`/pages/step${query}`)
      t.strictSame(readPage(response), { statusCode: 200, text: 'shown', inputs: [] }, query)
      t.match(response.body, '<title>One more - 127.0.0.1</title>')
      t.match(response.headers, { 'content-type': 'text/html; charset=utf-8', 'content-language': 'en' })
      const head = await fastify.inject({ method: 'HEAD', url: `/pages/step${query}` })
      t.strictSame([head.statusCode, head.body], [200, ''])
    }
    t.strictSame(sent, [])
  })

  await t.test('does what its form is for, without fields left empty', async (t) => {
    const response = await submit(fastify, '/pages/step', { nick: 'a', unknown: '', other: '' })
    t.strictSame(readPage(response), { statusCode: 200, text: 'done', inputs: [] })
    t.strictSame(sent.splice(0), [{ nick: 'a' }])
  })

  await t.test('reports a refusal as a page, with what was typed', async (t) => {
    const rows: [what: string, fields: Record<string, string> | string, statusCode: number, text: string][] = [
      ['an unknown field', { nick: 'a', x: 'b' }, 400, 'VALIDATION_FAILED a'],
      ['a missing field', { other: 'a' }, 400, 'VALIDATION_FAILED'],
      ['no field', {}, 400, 'VALIDATION_FAILED'],
      ['a doubled field', 'nick=a&nick=b', 400, 'MALFORMED_REQUEST'],
      ['a field named __proto__', '__proto__=a', 400, 'MALFORMED_REQUEST'],
      ['a field named constructor', 'nick=a&constructor=b', 400, 'VALIDATION_FAILED a'],
      ['a NUL', { nick: 'a\0' }, 400, 'MALFORMED_REQUEST'],
      ['16 KB and more', { nick: 'x'.repeat(16_384) }, 413, 'BODY_TOO_LARGE']
    ]
    for (const [what, fields, statusCode, text] of rows) {
      const response = await submit(fastify, '/pages/step', fields)
      t.strictSame(readPage(response), { statusCode, text, inputs: [] }, what)
      t.match(response.body, '<title>Error: One more')
      t.match(response.headers, { 'content-type': 'text/html; charset=utf-8' })
    }
    const inject = (headers: Record<string, string>, payload?: string) =>
      fastify.inject({
        method: 'POST',
        url: '/pages/step',
        headers: { origin: ORIGIN, ...headers },
        ...(payload !== undefined && { payload })
      })
    const others: [what: string, response: ReturnType<typeof inject>, statusCode: number, text: string][] = [
      ['no body', inject({}), 400, 'MALFORMED_REQUEST'],
      ['an empty form', inject({ 'content-type': FORM_TYPE }, ''), 400, 'VALIDATION_FAILED'],
      ['text', inject({ 'content-type': 'text/plain' }, 'x'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
      ['broken UTF-8', inject({ 'content-type': FORM_TYPE }, 'nick=%ff'), 400, 'MALFORMED_REQUEST'],
      ['a broken escape', inject({ 'content-type': FORM_TYPE }, 'nick=%'), 400, 'MALFORMED_REQUEST']
    ]
    for (const [what, asked, statusCode, text] of others) {
      t.strictSame(readPage(await asked), { statusCode, text, inputs: [] }, what)
    }
    t.strictSame(sent, [])
  })

  await t.test('takes the largest form that a body may have', async (t) => {
    const nick = 'x'.repeat(16_384 - 'nick='.length)
    t.equal((await submit(fastify, '/pages/step', { nick })).statusCode, 200)
    t.strictSame(sent.splice(0), [{ nick }])
  })

  await t.test('refuses the forms of other pages before it reads them', async (t) => {
    const rows: [headers: Record<string, string>, isOwn: boolean][] = [
      [{ origin: 'https://evil.example' }, false],
      [{ origin: 'http://127.0.0.1:3001' }, false],
      [{ origin: 'https://127.0.0.1:3000' }, false],
      [{ origin: 'http://app.localhost:3000' }, false],
      [{ origin: 'http://127.0.0.1:3000.evil.example' }, false],
      [{ origin: 'null' }, false],
      [{ origin: '' }, false],
      [{}, false],
      [{ 'sec-fetch-site': 'none' }, false],
      [{ 'sec-fetch-site': 'cross-site' }, false],
      [{ 'sec-fetch-site': 'same-site' }, false],
      [{ origin: 'null', 'sec-fetch-site': 'same-site' }, false],
      [{ origin: 'null', 'sec-fetch-site': 'none' }, false],
      [{ origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }, false],
      [{ referer: `${ORIGIN}/pages/step` }, false],
      [{ origin: ORIGIN }, true],
      [{ origin: 'http://localhost:3000' }, true],
      [{ origin: 'http://[::1]:3000' }, true],
      [{ origin: 'null', 'sec-fetch-site': 'same-origin' }, true],
      [{ 'sec-fetch-site': 'same-origin' }, true]
    ]
    for (const [headers, isOwn] of rows) {
      for (const nick of ['a', 'x'.repeat(20_000)]) {
        const response = await submit(fastify, '/pages/step', { nick }, headers)
        const what = JSON.stringify(headers)
        if (isOwn) t.equal(response.statusCode, nick === 'a' ? 200 : 413, what)
        else t.strictSame(readPage(response), { statusCode: 403, text: FOREIGN, inputs: [] }, what)
      }
    }
    t.equal(sent.splice(0).length, rows.filter(([, isOwn]) => isOwn).length)
  })
})

test('a page may refuse by itself what is not allowed', async (t) => {
  const { fastify } = start(t, { act: () => Promise.reject(new Problem('FORBIDDEN')) })
  const response = await submit(fastify, '/pages/step', { nick: 'a' })
  t.strictSame(readPage(response), { statusCode: 403, text: 'FORBIDDEN a', inputs: [] })
})

test('a refusal is a page even if its own page cannot be rendered', async (t) => {
  const log: Record<string, unknown>[] = []
  const fault = new Error('a fault of ours')
  const refusals: PageRoute<typeof Body>['refuse'][] = [
    () => {
      throw fault
    },
    () => Promise.reject(fault)
  ]
  for (const refuse of refusals) {
    const { fastify } = start(t, { refuse }, {}, log)
    const response = await submit(fastify, '/pages/step', 'nick=a&nick=b')
    t.strictSame(readPage(response), {
      statusCode: 400,
      text: 'That did not work The form could not be read. Open the page again, and send the form from there.',
      inputs: []
    })
    const faults = log.splice(0).filter(({ err }) => err)
    t.match(faults, [{ msg: 'could not render a refusal', err: { message: 'a fault of ours' } }])
  }
})

test('a page leads to the sign-in or the step-up if the session is no longer good enough when its form is sent', async (t) => {
  const challenge = { factors: ['password' as const], expires_in: 300 }
  const rows: [problem: Problem, statusCode: number, text: RegExp | string, inputs: string[]][] = [
    [new Problem('TOKEN_INVALID'), 401, /^Sign in .* Sign in$/, []],
    [new Problem('STEP_UP_REQUIRED', { challenge }), 401, /Password/, ['challenge', 'return_to', 'password']],
    [new Problem('STEP_UP_REQUIRED'), 401, 'STEP_UP_REQUIRED a', []],
    [
      new Problem('VALIDATION_FAILED', { errors: [{ path: '/return_to', message: 'must be an address of ours' }] }),
      400,
      /^That did not work The link that you followed asks to return to an address that is not allowed here/,
      []
    ]
  ]
  for (const [problem, statusCode, text, inputs] of rows) {
    const { fastify } = start(t, {
      before: async (request) => void Object.assign(request, { account: { username: 'ada', email: null } }),
      act: () => Promise.reject(problem)
    })
    const response = await submit(fastify, '/pages/step?id=x', { nick: 'a' })
    const page = readPage(response)
    t.match(page, { statusCode, text }, problem.code)
    t.strictSame(page.inputs.sort(), [...inputs].sort(), problem.code)
    if (inputs.length > 0) t.match(response.body, 'name="return_to" value="/pages/step?id=x"')
  }
})

test('a page may lead to another one', async (t) => {
  const goTo: GoTo = { goTo: 'pages/account' }
  const { fastify } = start(t, { show: async () => goTo, act: async () => ({ ...goTo, done: 'password' }) })
  const shown = await fastify.inject('/pages/step')
  t.strictSame([shown.statusCode, shown.headers.location], [303, '../pages/account'])
  const done = await submit(fastify, '/pages/step', { nick: 'a' })
  t.strictSame([done.statusCode, done.headers.location], [303, '../pages/account?done=password'])
})

test('a page has hooks: of both methods once the form was read, and of POST before and after the validation', async (t) => {
  const calls: unknown[] = []
  const note =
    (what: string): preValidationHookHandler =>
    (request, _reply, done) => {
      calls.push([what, request.method, request.body])
      done()
    }
  const { fastify } = start(t, {
    before: [note('before')],
    preValidation: note('preValidation'),
    preHandler: note('preHandler')
  })
  await fastify.inject('/pages/step')
  t.strictSame(calls.splice(0), [['before', 'GET', undefined]])
  await submit(fastify, '/pages/step', { nick: 'a' })
  t.strictSame(calls.splice(0), [
    ['before', 'POST', { nick: 'a' }],
    ['preValidation', 'POST', { nick: 'a' }],
    ['preHandler', 'POST', { nick: 'a' }]
  ])
  await submit(fastify, '/pages/step', { other: 'a' })
  t.strictSame(calls.splice(0), [
    ['before', 'POST', { other: 'a' }],
    ['preValidation', 'POST', { other: 'a' }]
  ])
})

test('a hook that refuses shows the page, also to GET', async (t) => {
  const { fastify, sent } = start(t, {
    before: (_request, _reply, done) => done(new Problem('DATABASE_UNAVAILABLE') as Error)
  })
  const shown = await fastify.inject('/pages/step')
  t.strictSame(readPage(shown), { statusCode: 503, text: 'DATABASE_UNAVAILABLE', inputs: [] })
  t.equal(shown.headers['retry-after'], '2')
  const refused = await submit(fastify, '/pages/step', { nick: 'a' })
  t.strictSame(readPage(refused), { statusCode: 503, text: 'DATABASE_UNAVAILABLE a', inputs: [] })
  t.strictSame(sent, [])
})

test('the origin of a service at a name is that of PUBLIC_URL alone', async (t) => {
  const { fastify } = start(t, {}, { PUBLIC_URL: 'https://auth.example.com/login' })
  const rows: [origin: string, statusCode: number][] = [
    ['https://auth.example.com', 200],
    ['http://auth.example.com', 403],
    ['https://auth.example.com:8443', 403],
    ['https://example.com', 403],
    ['https://evil.auth.example.com', 403],
    ['https://auth.example.com.evil.example', 403],
    ['http://localhost', 403]
  ]
  for (const [origin, statusCode] of rows) {
    t.equal((await submit(fastify, '/pages/step', { nick: 'a' }, { origin })).statusCode, statusCode, origin)
  }
})

test('white space around names is removed, but not around passwords', async (t) => {
  const fields = ['name', 'username', 'email', 'new_email', 'password', 'current_password']
  const body = Type.Object(Object.fromEntries(fields.map((field) => [field, Type.Optional(Type.String())])))
  const { fastify, sent } = start(t, { body: body as never })
  await submit(fastify, '/pages/step', Object.fromEntries(fields.map((field) => [field, ' \ta b\u2003'])))
  await submit(fastify, '/pages/step', Object.fromEntries(fields.map((field) => [field, ' '])))
  const [name, password] = ['a b', ' \ta b\u2003']
  t.strictSame(sent, [
    { name, username: name, email: name, new_email: name, password, current_password: password },
    { password: ' ', current_password: ' ' }
  ])
})

test('a page may answer with a file', async (t) => {
  const { fastify } = start(t, {
    act: async () => ({ file: Readable.from(['{', '}']), type: 'application/json', name: 'data.json' })
  })
  const { statusCode, headers, body } = await submit(fastify, '/pages/step', { nick: 'a' })
  t.strictSame([statusCode, body], [200, '{}'])
  t.match(headers, {
    'content-type': 'application/json',
    'content-disposition': 'attachment; filename="data.json"',
    'content-security-policy': /sandbox/
  })
})

test('a page without a form has no POST', async (t) => {
  const { fastify } = start(t, { body: undefined as never, act: undefined as never })
  t.equal((await fastify.inject('/pages/step')).statusCode, 200)
  t.equal((await submit(fastify, '/pages/step', { nick: 'a' })).statusCode, 404)
})
