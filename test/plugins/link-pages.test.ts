import { Type } from '@sinclair/typebox'
import { type Test, test } from 'tap'
import clock from '../../plugins/clock.ts'
import config from '../../plugins/config.ts'
import errors from '../../plugins/errors.ts'
import headers from '../../plugins/headers.ts'
import linkPages from '../../plugins/link-pages.ts'
import mailer from '../../plugins/mailer.ts'
import openapi from '../../plugins/openapi.ts'
import pages from '../../plugins/pages.ts'
import { readConfig } from '../../src/config.ts'
import { Problem } from '../../src/errors.ts'
import { assemble } from '../assemble.ts'
import { readPage, submit } from '../page.ts'

const Body = Type.Object(
  { token: Type.String(), nick_name: Type.Optional(Type.String({ maxLength: 3 })), pass: Type.String() },
  { additionalProperties: false }
)

/** An application with one page, and what its form has been sent with. */
function start(t: Test, environment: Record<string, string> = {}) {
  const sent: unknown[] = []
  let problem: Problem | undefined
  const plugins = [clock, config, openapi, errors, headers, mailer, pages, linkPages]
  const fastify = assemble(t, { plugins, config: readConfig(environment) })
  fastify.register(async (scope) => {
    scope.linkPage(scope, {
      name: 'step',
      operationId: 'step',
      title: 'One more',
      intro: 'Say who you are.',
      fields: [
        { name: 'nick_name', label: 'Name', type: 'text', autocomplete: 'username', optional: true },
        { name: 'pass', label: 'Password', type: 'password', autocomplete: 'new-password' }
      ],
      button: 'Go on',
      done: { title: 'There', text: 'That is all.' },
      body: Body,
      codes: ['ACCOUNT_EXISTS'],
      async act(_request, body) {
        if (problem) throw problem
        sent.push(body)
      }
    })
  })
  return {
    fastify,
    sent,
    refuse(given: Problem) {
      problem = given
    }
  }
}

const INPUTS = ['token', 'nick_name', 'pass']

test('a page of a link', async (t) => {
  await t.test('asks for what its form needs, and keeps the token', async (t) => {
    const { fastify, sent } = start(t)
    const response = await fastify.inject('/step?token=%22a%22')
    t.match(readPage(response), { statusCode: 200, text: /Say who you are\. Name Password Go on$/, inputs: INPUTS })
    t.match(response.body, '<input type="hidden" name="token" value="&quot;a&quot;">')
    t.match(response.body, '<input name="nick_name" type="text" autocomplete="username">')
    t.match(response.body, '<input name="pass" type="password" autocomplete="new-password" required>')
    t.strictSame(sent, [], 'and does nothing')
  })

  await t.test('says of an address without a token that it is not whole', async (t) => {
    const { fastify } = start(t)
    for (const url of ['/step', '/step?token=']) {
      t.match(readPage(await fastify.inject(url)), { statusCode: 200, text: /^This link is not whole/, inputs: [] })
    }
  })

  await t.test('does what it is for when its form is sent, without what was left empty', async (t) => {
    const { fastify, sent } = start(t)
    const response = await submit(fastify, '/step', { token: 'a', nick_name: '', pass: 'b' })
    t.strictSame(readPage(response), { statusCode: 200, text: 'There That is all.', inputs: [] })
    t.strictSame(sent, [{ token: 'a', pass: 'b' }])
  })

  await t.test('asks again where something else would do, and says in words what was wrong', async (t) => {
    const { fastify, refuse } = start(t)
    const long = await submit(fastify, '/step', { token: 'a', nick_name: 'long', pass: 'b' })
    t.match(readPage(long), { statusCode: 400, text: /nick name must have at most 3 characters\./, inputs: INPUTS })
    const errors = [{ path: '/pass', message: 'is <bad>', rule: 'bad' }]
    refuse(new Problem('PASSWORD_REJECTED', { message: 'The password is <bad>.', errors } as never))
    const bad = await submit(fastify, '/step', { token: 'a', pass: 'b' })
    t.match(readPage(bad), { statusCode: 400, inputs: INPUTS })
    t.match(bad.body, '<p class="fault" role="alert">The password is &lt;bad&gt;.</p>', 'and of a password once')
  })

  await t.test('does not ask again where no other try would do', async (t) => {
    const { fastify, refuse } = start(t)
    t.match(readPage(await submit(fastify, '/step', {})), { statusCode: 400, inputs: [] })
    t.match(readPage(await submit(fastify, '/step', { pass: 'b' })), { statusCode: 400, inputs: [] })
    t.match(readPage(await fastify.inject('/step?other=1')), { statusCode: 400, text: /^One more /, inputs: [] })
    refuse(new Problem('EMAIL_TOKEN_INVALID'))
    const over = await submit(fastify, '/step', { token: 'a', pass: 'b' })
    t.match(readPage(over), { statusCode: 400, text: /This link is over/, inputs: [] })
  })
})

test('there is no page', async (t) => {
  const cases: [when: string, environment: Record<string, string>][] = [
    ['where a frontend has it', { APP_URL: 'https://app.example.com' }],
    ['where no mail can be sent', { PUBLIC_URL: 'https://auth.example.com' }]
  ]
  for (const [when, environment] of cases) {
    await t.test(when, async (t) => {
      const { fastify } = start(t, environment)
      t.equal((await fastify.inject('/step?token=a')).statusCode, 404)
      t.equal((await submit(fastify, '/step', { token: 'a', pass: 'b' })).statusCode, 404)
    })
  }
})
