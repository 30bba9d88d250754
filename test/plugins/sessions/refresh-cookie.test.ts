import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import clock from '../../../plugins/clock.ts'
import config from '../../../plugins/config.ts'
import errors from '../../../plugins/http/errors.ts'
import jsonBody from '../../../plugins/http/json-body.ts'
import { createRefreshCookie } from '../../../plugins/sessions/refresh-cookie.ts'
import { readConfig } from '../../../src/config/config.ts'
import { answer, post, refusal, testClock } from '../../helpers/app.ts'
import { assemble } from '../../helpers/assemble.ts'

const TOKEN = 'AZijwn8AcACAAAAAAAAAAA.s5pXkqAAAAAAAAAAAAAAAA.bW9yZS_hhbi0yNTYgYml0cw'
const MISSING = {
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', [
    { path: '/refresh_token', message: 'is required' }
  ])
}
const FORBIDDEN = {
  statusCode: 403,
  body: refusal(403, 'Forbidden', 'FORBIDDEN', 'The cookie is not accepted from this origin.')
}
const FOUND = { statusCode: 200, body: { text: TOKEN, inCookie: true } }

/** The cookie alone, on a clock that stands still, behind routes that show what it does. */
function instance(t: Test, environment: Record<string, string>): FastifyInstance {
  const still = { ...testClock(), now: () => 1_800_000_000_000 }
  const plugins = [clock, config, errors, jsonBody]
  const fastify = assemble(t, { plugins, config: readConfig(environment), clock: still })
  fastify.register(async (scope) => {
    const refreshCookie = createRefreshCookie(scope.config)
    scope.post<{ Body: { refresh_token?: string } }>('/presented', async (request) => refreshCookie.presented(request))
    scope.post<{ Body: number }>('/set', async ({ body }, reply) => {
      refreshCookie.setCookie(reply, TOKEN, body)
      reply.code(204)
    })
    scope.post('/clear', async (_request, reply) => {
      refreshCookie.clearCookie(reply)
      reply.code(204)
    })
  })
  return fastify
}

test('the cookie of a refresh token', async (t) => {
  const SECURE = ['__Host-refresh_token', 'Path=/; HttpOnly; Secure; SameSite=Strict'] as const
  const LOCAL = ['refresh_token', 'Path=/; HttpOnly; SameSite=Strict'] as const
  const urls: [string, typeof SECURE | typeof LOCAL][] = [
    ['https://id.example', SECURE],
    ['https://id.example:8443/auth', SECURE],
    ['https://127.0.0.1:3000', SECURE],
    ['https://localhost', SECURE],
    ['http://id.example', SECURE],
    ['http://10.0.0.1:3000', SECURE],
    ['http://localhost.example', SECURE],
    ['http://127.0.0.1.example', SECURE],
    ['http://[2001:db8::1]:3000', SECURE],
    ['http://127.0.0.1:3000', LOCAL],
    ['http://127.8.8.8', LOCAL],
    ['http://localhost:3000/auth', LOCAL],
    ['http://id.localhost', LOCAL],
    ['http://[::1]:3000', LOCAL],
    ['HTTP://LOCALHOST:3000', LOCAL]
  ]
  for (const [PUBLIC_URL, [name, attributes]] of urls) {
    await t.test(`is ${name} where PUBLIC_URL is ${PUBLIC_URL}`, async (t) => {
      const fastify = instance(t, { PUBLIC_URL })
      const { origin } = new URL(PUBLIC_URL)
      const set = await post(fastify, '/set', 60)
      t.equal(set.headers['set-cookie'], `${name}=${TOKEN}; Max-Age=60; ${attributes}`)
      const clear = await post(fastify, '/clear', {})
      t.equal(clear.headers['set-cookie'], `${name}=; Max-Age=0; ${attributes}`)
      t.strictSame(
        answer(await post(fastify, '/presented', {}, { origin, cookie: `${name}=${TOKEN}` })),
        FOUND,
        'and found under that name'
      )
      const other = name === 'refresh_token' ? '__Host-refresh_token' : 'refresh_token'
      t.strictSame(
        answer(await post(fastify, '/presented', {}, { origin, cookie: `${other}=${TOKEN}` })),
        MISSING,
        'and under no other'
      )
    })
  }

  await t.test('is where HOST and PORT say when there is no PUBLIC_URL', async (t) => {
    const fastify = instance(t, { HOST: '127.0.0.1', PORT: '4000' })
    const headers = { origin: 'http://127.0.0.1:4000', cookie: `refresh_token=${TOKEN}` }
    t.strictSame(answer(await post(fastify, '/presented', {}, headers)), FOUND)
  })

  await t.test('lives as long as the session would without being used', async (t) => {
    const fastify = instance(t, {})
    for (const seconds of [1, 2_592_000, 251_602_300_799]) {
      const { headers } = await post(fastify, '/set', seconds)
      t.match(headers['set-cookie'], `=${TOKEN}; Max-Age=${seconds}; `)
    }
  })
})

test('the refresh token of a request', async (t) => {
  const fastify = instance(t, {
    PUBLIC_URL: 'https://id.example:443/auth',
    CORS_ORIGINS: 'https://app.example, http://localhost:5173'
  })
  const cookie = `__Host-refresh_token=${TOKEN}`
  const present = async (body: object, headers: Record<string, string>) =>
    answer(await post(fastify, '/presented', body, headers))

  for (const origin of ['https://id.example', 'https://app.example', 'http://localhost:5173']) {
    await t.test(`is taken from the cookie for a page of ${origin}`, async (t) => {
      t.strictSame(await present({}, { origin, cookie }), FOUND)
    })
  }

  const foreign: [string, Record<string, string>][] = [
    ['no origin', {}],
    ['an empty origin', { origin: '' }],
    ['the origin null', { origin: 'null' }],
    ['the origin undefined', { origin: 'undefined' }],
    ['a foreign origin', { origin: 'https://attacker.example' }],
    ['a subdomain', { origin: 'https://x.id.example' }],
    ['a sibling', { origin: 'https://sibling.example' }],
    ['a sibling of a frontend', { origin: 'https://other.app.example' }],
    ['the domain above', { origin: 'https://example' }],
    ['a name that begins alike', { origin: 'https://id.example.attacker.example' }],
    ['another port', { origin: 'https://id.example:8443' }],
    ['another port of a frontend', { origin: 'http://localhost:5174' }],
    ['another scheme', { origin: 'http://id.example' }],
    ['the origin with a path', { origin: 'https://id.example/auth' }],
    ['the origin with its port', { origin: 'https://id.example:443' }],
    ['the origin in another letter case', { origin: 'https://ID.example' }],
    ['two origins', { origin: 'https://id.example, https://app.example' }],
    ['a Referer in place of the origin', { referer: 'https://id.example/' }],
    ['a Host in place of the origin', { host: 'id.example' }]
  ]
  for (const [what, headers] of foreign) {
    await t.test(`is not taken from the cookie with ${what}`, async (t) => {
      t.strictSame(await present({}, { ...headers, cookie }), FORBIDDEN)
    })
  }

  await t.test('is that of the body where there are both, whatever the origin', async (t) => {
    const expected = { statusCode: 200, body: { text: 'of the body', inCookie: false } }
    for (const headers of [{ cookie }, { cookie, origin: 'https://id.example' }, { cookie, origin: 'null' }, {}]) {
      t.strictSame(await present({ refresh_token: 'of the body' }, headers as Record<string, string>), expected)
    }
  })

  const origin = 'https://id.example'
  const missing: [string, Record<string, string>][] = [
    ['no cookie', {}],
    ['no cookie, from a foreign page', { origin: 'https://attacker.example' }],
    ['an empty Cookie header', { origin, cookie: '' }],
    ['an empty cookie', { origin, cookie: '__Host-refresh_token=' }],
    ['another cookie', { origin, cookie: 'session=1; latchkey_device=2' }],
    ['a cookie with the name in another letter case', { origin, cookie: `__host-Refresh_Token=${TOKEN}` }],
    ['a cookie with a name that ends alike', { origin, cookie: `x__Host-refresh_token=${TOKEN}` }],
    ['a cookie without a value', { origin, cookie: '__Host-refresh_token' }],
    ['a Cookie header of rubbish', { origin, cookie: ';;;=;__proto__=x' }]
  ]
  for (const [what, headers] of missing) {
    await t.test(`is missing with ${what}`, async (t) => t.strictSame(await present({}, headers), MISSING))
  }

  const beside = [
    `theme=dark; ${cookie}; lang=en`,
    `${cookie};theme=dark`,
    `theme=%; ${cookie}`,
    `__proto__=x; ${cookie}`,
    `${cookie}; __Host-refresh_token=another`
  ]
  for (const header of beside) {
    await t.test(`is found in ${header.replaceAll(TOKEN, '…')}`, async (t) => {
      t.strictSame(await present({}, { origin, cookie: header }), FOUND)
    })
  }
})
