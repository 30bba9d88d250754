import { randomUUID } from 'node:crypto'
import { test } from 'tap'
import { answer, BEARER, bearer, build, cutOff, INVALID_TOKEN, refusal, signIn, testClock } from '../helper.ts'

const INVALID = { statusCode: 401, body: refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.') }

test('GET /me', async (t) => {
  const clock = testClock()
  const fastify = await build(t, {
    clock,
    environment: { ACCESS_TOKEN_TTL: '10000', REFRESH_IDLE_TTL: '1000', REFRESH_MAX_TTL: '3000' }
  })
  const me = (token: string) => fastify.inject({ url: '/me', headers: bearer(token) })
  const database = fastify.openDatabase()

  await t.test('shows the user as the registration did', async (t) => {
    for (const names of [{ username: 'Ada', email: 'Ada@Example.com' }, { email: 'grace@example.com' }]) {
      const { access_token: token, user } = await signIn(fastify, names)
      const response = await me(token)
      t.strictSame(answer(response), { statusCode: 200, body: user })
      t.match(user, names)
      t.match(response.headers, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
    }
  })

  await t.test('refuses without a token', async (t) => {
    const response = await fastify.inject('/me')
    t.strictSame(answer(response), {
      statusCode: 401,
      body: refusal(401, 'Unauthorized', 'TOKEN_MISSING', 'A bearer token is needed here.')
    })
    t.match(response.headers, BEARER)
  })

  const ends: [string, (user: string) => Promise<unknown>][] = [
    [
      'has ended',
      (user) =>
        database.query("UPDATE sessions SET ended_at = now(), end_reason = 'logged out' WHERE user_id = $1", [user])
    ],
    ['is gone', (user) => database.query('DELETE FROM sessions WHERE user_id = $1', [user])],
    ['went with its user', (user) => database.query('DELETE FROM users WHERE id = $1', [user])],
    ['has not been used for too long', async () => clock.advance(1000)],
    [
      'has been used all the time and is too old',
      (user) => {
        clock.advance(3000)
        return database.query(
          "UPDATE sessions SET last_used_at = now() + $2 * interval '1 millisecond' WHERE user_id = $1",
          [user, clock.offset]
        )
      }
    ]
  ]
  for (const [index, [what, end]] of ends.entries()) {
    await t.test(`refuses a token whose session ${what}, although /secret takes it`, async (t) => {
      const { access_token: token, user } = await signIn(fastify, { username: `user${index}` })
      t.strictSame(answer(await me(token)), { statusCode: 200, body: user })
      await end(user.id)
      const response = await me(token)
      t.strictSame(answer(response), INVALID)
      t.match(response.headers, INVALID_TOKEN)
      t.equal((await fastify.inject({ url: '/secret', headers: bearer(token) })).statusCode, 200)
    })
  }

  await t.test('takes a token until the last second of its session', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'patient' })
    clock.advance(995)
    t.strictSame(answer(await me(token)), { statusCode: 200, body: user })
  })

  await t.test('refuses a token that names the session of another', async (t) => {
    const ada = await signIn(fastify, { username: 'ada.l' })
    const eve = await signIn(fastify, { username: 'eve.l' })
    const { sid } = await fastify.accessTokens.verify(ada.access_token)
    t.strictSame(answer(await me(fastify.accessTokens.issue(eve.user, sid))), INVALID)
    t.strictSame(answer(await me(fastify.accessTokens.issue(eve.user, randomUUID()))), INVALID)
  })

  await t.test('is unavailable while the database is', async (t) => {
    const { access_token: token, user } = await signIn(fastify, { username: 'later' })
    const restore = cutOff(fastify)
    const response = await me(token)
    restore()
    t.strictSame(answer(response), {
      statusCode: 503,
      body: refusal(
        503,
        'Service Unavailable',
        'DATABASE_UNAVAILABLE',
        'The database cannot be reached; try again shortly.'
      )
    })
    t.equal(response.headers['retry-after'], '2')
    t.strictSame(answer(await me(token)), { statusCode: 200, body: user })
  })
})
