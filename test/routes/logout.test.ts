import { test } from 'tap'
import { createRefreshToken, readRefreshToken, writeRefreshToken } from '../../src/sessions/refresh-token.ts'
import { answer, bearer, build, cutOff, PASSWORD, post, refusal, signIn, testClock } from '../helpers/app.ts'

const DONE = { statusCode: 204, body: '' }
const FORBIDDEN = {
  statusCode: 403,
  body: refusal(403, 'Forbidden', 'FORBIDDEN', 'The cookie is not accepted from this origin.')
}
const invalid = (path: string, message: string) => ({
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', [{ path, message }])
})
const ORIGIN = 'http://127.0.0.1:3000'
const CLEARED = 'refresh_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict'

test('POST /logout', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  await signIn(fastify, { username: 'ada' })
  const logout = (body: unknown, headers: Record<string, string> = {}) => post(fastify, '/logout', body, headers)

  /** Another session of ada. */
  async function begin() {
    const login = await post(fastify, '/login', { username: 'ada', password: PASSWORD })
    const { access_token: accessToken, refresh_token: token } = login.json()
    return {
      token,
      refresh: async (text: string): Promise<string> =>
        (await post(fastify, '/token/refresh', { refresh_token: text })).json().refresh_token,
      alive: async () => (await fastify.inject({ url: '/me', headers: bearer(accessToken) })).statusCode === 200
    }
  }

  await t.test('ends the session of the token and no other', async (t) => {
    const [session, other] = [await begin(), await begin()]
    const response = await logout({ refresh_token: session.token })
    t.strictSame(answer(response), DONE)
    t.match(response.headers, { 'cache-control': 'no-store' })
    t.equal(response.headers['content-type'], undefined)
    t.equal(response.headers['set-cookie'], undefined)
    t.notOk(await session.alive())
    t.equal(await session.refresh(session.token), undefined)
    t.ok(await other.alive())
  })

  await t.test('takes an earlier token of the session', async (t) => {
    const { token, refresh, alive } = await begin()
    const second = await refresh(token)
    clock.advance(60)
    await refresh(second)
    t.strictSame(answer(await logout({ refresh_token: token })), DONE)
    t.notOk(await alive())
  })

  await t.test('needs no access token, and minds none', async (t) => {
    const { token, alive } = await begin()
    t.strictSame(answer(await logout({ refresh_token: token }, bearer('rubbish'))), DONE)
    t.notOk(await alive())
  })

  const { token } = await begin()
  await logout({ refresh_token: token })
  const unknown: [string, string][] = [
    ['of a session that is over', token],
    ['that is made up', writeRefreshToken(createRefreshToken('01890a5d-ac96-774b-bcce-b302099a8058'))],
    ['that is one character', 'x'],
    ['that is 512 characters', 'x'.repeat(512)],
    ['that is an access token', 'a.b.c']
  ]
  for (const [what, text] of unknown) {
    await t.test(`is content with a token ${what}`, async (t) => {
      t.strictSame(answer(await logout({ refresh_token: text })), DONE)
    })
  }

  await t.test('ends nothing for a made-up token that names a session', async (t) => {
    const session = await begin()
    const { session: id } = readRefreshToken(session.token) ?? {}
    const madeUp = writeRefreshToken(createRefreshToken(id as string))
    t.strictSame(answer(await logout({ refresh_token: madeUp })), DONE)
    t.ok(await session.alive())
  })

  const unfit: [string, unknown, object][] = [
    ['no token', {}, invalid('/refresh_token', 'is required')],
    ['an empty token', { refresh_token: '' }, invalid('/refresh_token', 'must have at least 1 characters')],
    [
      'a token of 513 characters',
      { refresh_token: 'x'.repeat(513) },
      invalid('/refresh_token', 'must have at most 512 characters')
    ],
    ['a token that is no text', { refresh_token: true }, invalid('/refresh_token', 'must be string')],
    ['an unknown key', { refresh_token: 'x', all: true }, invalid('/all', 'is not a known key')]
  ]
  for (const [what, body, expected] of unfit) {
    await t.test(`refuses ${what} as what does not fit`, async (t) =>
      t.strictSame(answer(await logout(body)), expected)
    )
  }

  await t.test('is unavailable while the database is, and ends nothing', async (t) => {
    const session = await begin()
    const restore = cutOff(fastify)
    const response = await logout({ refresh_token: session.token })
    restore()
    t.equal(response.statusCode, 503)
    t.equal(response.json().code, 'DATABASE_UNAVAILABLE')
    t.ok(await session.alive())
  })

  await t.test('in browser mode takes the cookie, and takes it away', async (t) => {
    const session = await begin()
    const cookie = `refresh_token=${session.token}`
    for (const what of ['ends the session', 'and does so again where it is over']) {
      const response = await logout({}, { cookie, origin: ORIGIN })
      t.strictSame(answer(response), DONE, what)
      t.equal(response.headers['set-cookie'], CLEARED)
      t.notOk(await session.alive())
    }
  })

  for (const [what, headers] of [
    ['another site', { origin: 'https://attacker.example' }],
    ['who knows where', {}]
  ] as [string, Record<string, string>][]) {
    await t.test(`in browser mode refuses a request from ${what}`, async (t) => {
      const session = await begin()
      const response = await logout({}, { cookie: `refresh_token=${session.token}`, ...headers })
      t.strictSame(answer(response), FORBIDDEN)
      t.equal(response.headers['set-cookie'], undefined)
      t.ok(await session.alive())
    })
  }

  await t.test('takes the cookie of the pages away too, if there is one', async (t) => {
    const session = await begin()
    const cookie = `latchkey_session=x; refresh_token=${session.token}`
    const response = await logout({}, { cookie, origin: ORIGIN })
    t.equal(response.statusCode, 204)
    const ofPages = 'latchkey_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax'
    t.strictSame(response.headers['set-cookie'], [ofPages, CLEARED])
  })

  await t.test('takes the token of the body before the cookie, which stays', async (t) => {
    const [inCookie, inBody] = [await begin(), await begin()]
    const response = await logout({ refresh_token: inBody.token }, { cookie: `refresh_token=${inCookie.token}` })
    t.strictSame(answer(response), DONE)
    t.equal(response.headers['set-cookie'], undefined)
    t.strictSame([await inCookie.alive(), await inBody.alive()], [true, false])
  })
})
