import { randomUUID } from 'node:crypto'
import type { FastifyRequest, InjectOptions } from 'fastify'
import { test } from 'tap'
import {
  answer,
  BEARER,
  bearer,
  build,
  cutOff,
  INVALID_TOKEN,
  post,
  refusal,
  signIn,
  testClock
} from '../../helpers/app.ts'

const MISSING = refusal(401, 'Unauthorized', 'TOKEN_MISSING', 'A bearer token is needed here.')
const INVALID = refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.')
const EXPIRED = refusal(401, 'Unauthorized', 'TOKEN_EXPIRED', 'The token has expired.')
const AWAY = refusal(
  503,
  'Service Unavailable',
  'DATABASE_UNAVAILABLE',
  'The database cannot be reached; try again shortly.'
)

test('a route behind authenticateSession', async (t) => {
  const clock = testClock()
  const fastify = await build(t, {
    clock,
    environment: { ACCESS_TOKEN_TTL: '5000', REFRESH_IDLE_TTL: '1000', REFRESH_MAX_TTL: '3000' }
  })
  const me = (headers: Record<string, string>) => fastify.inject({ url: '/me', headers })

  await t.test('knows the token and the user', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'Ada', email: 'ada@example.com' })
    const request = { headers: bearer(token), database: fastify.database.open() } as unknown as FastifyRequest
    await fastify.tokens.authenticateSession(request)
    t.strictSame(request.account, user)
    t.strictSame(request.user, await fastify.tokens.verify(token))
    t.equal(request.user.sub, user.id)
  })

  await t.test('takes a token however its scheme is written', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'bea' })
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      t.strictSame(answer(await me({ authorization: `${scheme} ${token}` })), { statusCode: 200, body: user })
    }
  })

  const { access_token: token, refresh_token: refreshToken, user } = await signIn(fastify, { username: 'cleo' })
  const { sid } = await fastify.tokens.verify(token)
  const stranger = await signIn(fastify, { username: 'eve' })
  const refused: [string, Record<string, string>, object, object][] = [
    ['no header', {}, MISSING, BEARER],
    ['another scheme', { authorization: `Basic ${token}` }, MISSING, BEARER],
    ['nothing after Bearer', { authorization: 'Bearer' }, INVALID, INVALID_TOKEN],
    ['rubbish', bearer('rubbish'), INVALID, INVALID_TOKEN],
    ['a refresh token', bearer(refreshToken), INVALID, INVALID_TOKEN],
    ['an unknown session', bearer(fastify.tokens.issue(user, randomUUID())), INVALID, INVALID_TOKEN],
    ['the session of another', bearer(fastify.tokens.issue(stranger.user, sid)), INVALID, INVALID_TOKEN]
  ]
  for (const [what, headers, body, challenge] of refused) {
    await t.test(`refuses ${what}`, async (t) => {
      const response = await me(headers)
      t.strictSame(answer(response), { statusCode: 401, body })
      t.match(response.headers, challenge)
      if (challenge === BEARER) t.notMatch(response.headers['www-authenticate'], 'error')
    })
  }

  await t.test('asks who is there before it looks at anything else', async (t) => {
    const json = { 'content-type': 'application/json' }
    const requests: InjectOptions[] = [
      { url: '/me?x=1' },
      { method: 'DELETE', url: '/sessions/x' },
      { method: 'POST', url: '/password/change', headers: json, payload: '{' },
      { method: 'POST', url: '/password/change', headers: json, payload: `"${'x'.repeat(20_000)}"` },
      { method: 'POST', url: '/password/change', headers: { 'content-type': 'text/xml' }, payload: '<x/>' }
    ]
    for (const request of requests) {
      t.strictSame(answer(await fastify.inject(request)), { statusCode: 401, body: MISSING }, String(request.url))
    }
  })

  await t.test('asks the database for a good token alone', async (t) => {
    const restore = cutOff(fastify)
    t.strictSame(answer(await me(bearer('rubbish'))), { statusCode: 401, body: INVALID })
    const response = await me(bearer(token))
    restore()
    t.strictSame(answer(response), { statusCode: 503, body: AWAY })
    t.equal(response.headers['retry-after'], '2')
    t.strictSame(answer(await me(bearer(token))), { statusCode: 200, body: user })
  })

  await t.test('refuses a token as soon as its session has ended, whether or not there is a new one', async (t) => {
    t.equal((await post(fastify, '/logout', { refresh_token: refreshToken })).statusCode, 204)
    for (const each of [token, fastify.tokens.issue(user, sid)]) {
      const response = await me(bearer(each))
      t.strictSame(answer(response), { statusCode: 401, body: INVALID })
      t.match(response.headers, INVALID_TOKEN)
    }
  })

  await t.test('refuses the token of a session that was not used for too long', async (t) => {
    const { access_token: idle } = await signIn(fastify, { username: 'dora' })
    clock.advance(1000)
    t.strictSame(answer(await me(bearer(idle))), { statusCode: 401, body: INVALID })
  })

  await t.test('tells that a token is over, whatever has become of its session', async (t) => {
    clock.advance(5000)
    const response = await me(bearer(token))
    t.strictSame(answer(response), { statusCode: 401, body: EXPIRED })
    t.match(response.headers, INVALID_TOKEN)
  })
})
