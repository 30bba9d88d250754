import { test } from 'tap'
import { answer, BEARER, bearer, build, cutOff, INVALID_TOKEN, refusal, signIn, testClock } from '../helpers/app.ts'

test('GET /secret', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })

  await t.test('greets who has a username by it', async (t) => {
    const { access_token: token } = await signIn(fastify, { username: 'Ada', email: 'ada@example.com' })
    const response = await fastify.inject({ url: '/secret', headers: bearer(token) })
    t.strictSame(answer(response), { statusCode: 200, body: { message: 'Hello Ada, this is the secret.' } })
    t.match(response.headers, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  })

  await t.test('greets who has none by the id', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { email: 'grace@example.com' })
    const response = await fastify.inject({ url: '/secret', headers: bearer(token) })
    t.strictSame(answer(response), { statusCode: 200, body: { message: `Hello ${user.id}, this is the secret.` } })
  })

  await t.test('needs no database', async (t) => {
    const token = fastify.tokens.issue({ id: 'x', username: 'ada' }, 'x')
    const restore = cutOff(fastify)
    const response = await fastify.inject({ url: '/secret', headers: bearer(token) })
    restore()
    t.strictSame(answer(response), { statusCode: 200, body: { message: 'Hello ada, this is the secret.' } })
  })

  const token = fastify.tokens.issue({ id: 'x', username: 'ada' }, 'x')
  const refused: [string, Record<string, string>, number, string, string, Record<string, string>][] = [
    ['no token', {}, 0, 'TOKEN_MISSING', 'A bearer token is needed here.', BEARER],
    ['a bad token', bearer(`${token}x`), 0, 'TOKEN_INVALID', 'The token is not valid.', INVALID_TOKEN],
    ['a token that is over', bearer(token), 900, 'TOKEN_EXPIRED', 'The token has expired.', INVALID_TOKEN]
  ]
  for (const [what, headers, seconds, code, message, challenge] of refused) {
    await t.test(`refuses ${what}`, async (t) => {
      clock.advance(seconds)
      const response = await fastify.inject({ url: '/secret', headers })
      t.strictSame(answer(response), { statusCode: 401, body: refusal(401, 'Unauthorized', code, message) })
      t.match(response.headers, challenge)
    })
  }
})
