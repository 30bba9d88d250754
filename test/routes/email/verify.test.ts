import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import {
  answer,
  BEARER,
  bearer,
  build,
  cutOff,
  INVALID_TOKEN,
  PASSWORD,
  post,
  refusal,
  signIn,
  testClock
} from '../../helpers/app.ts'
import { letters, tokenOf, waiting, write } from '../../helpers/letters.ts'

const DONE = { statusCode: 204, body: '' }
const INVALID = {
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'EMAIL_TOKEN_INVALID', 'The link is invalid, has expired, or was already used.')
}
const WRONG = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The password is wrong.')
}
const unfit = (...errors: { path: string; message: string }[]) => ({
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', errors)
})

/** What the tests of a service do over and over. */
function using(fastify: FastifyInstance) {
  let users = 0
  return {
    /** A user with an address that is not verified, and the token that was mailed to it. */
    async begin() {
      const username = `user.${users++}`
      const signed = await signIn(fastify, { username, email: `${username}@example.com` })
      return { ...signed, username, token: await tokenOf(fastify, 'verify-email') }
    },
    verify: (body: object, headers?: Record<string, string>) => post(fastify, '/email/verify', body, headers),
    verified: async (token: string) =>
      (await fastify.inject({ url: '/me', headers: bearer(token) })).json().email_verified
  }
}

test('POST /email/verify', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const { begin, verify, verified } = using(fastify)

  await t.test('takes the token of a mail with the password of the account', async (t) => {
    const { access_token, token } = await begin()
    t.match(token, /^[\w-]{43}$/)
    t.equal(await verified(access_token), false)
    const response = await verify({ token, password: PASSWORD })
    t.strictSame(answer(response), DONE)
    t.match(response.headers, { 'cache-control': 'no-store' })
    t.equal(await verified(access_token), true)
  })

  await t.test('or with an access token of a living session of it', async (t) => {
    const { access_token, token } = await begin()
    t.strictSame(answer(await verify({ token }, bearer(access_token))), DONE)
    t.equal(await verified(access_token), true)
  })

  await t.test('takes neither alone', async (t) => {
    const { access_token, token } = await begin()
    t.strictSame(answer(await verify({ token })), unfit({ path: '/password', message: 'is required' }))
    t.equal(await verified(access_token), false)
  })

  await t.test('refuses a wrong password, which uses nothing up', async (t) => {
    const { access_token, token } = await begin()
    for (const password of ['wrong', PASSWORD.toUpperCase(), `${PASSWORD} `, 'x'.repeat(1024)]) {
      const response = await verify({ token, password })
      t.strictSame(answer(response), WRONG)
      t.match(response.headers, BEARER)
    }
    t.equal(await verified(access_token), false)
    t.strictSame(answer(await verify({ token, password: PASSWORD })), DONE)
  })

  await t.test('refuses an access token that is not good, whatever else is there', async (t) => {
    const { access_token, refresh_token, token } = await begin()
    await post(fastify, '/logout', { refresh_token })
    const rows: [authorization: string, code: string, headers: object][] = [
      ['Basic YTpi', 'TOKEN_MISSING', BEARER],
      ['Bearer', 'TOKEN_INVALID', INVALID_TOKEN],
      ['Bearer x', 'TOKEN_INVALID', INVALID_TOKEN],
      [`Bearer ${access_token}`, 'TOKEN_INVALID', INVALID_TOKEN]
    ]
    for (const [authorization, code, headers] of rows) {
      for (const body of [{ token }, { token, password: PASSWORD }, { token: 5 }]) {
        const response = await verify(body, { authorization })
        t.match(response.json(), { statusCode: 401, code })
        t.match(response.headers, headers)
      }
    }
    t.strictSame(answer(await verify({ token, password: PASSWORD })), DONE)
  })

  await t.test('refuses the access token of another account, but for the password of this one', async (t) => {
    const { token, access_token } = await begin()
    const { access_token: other } = await begin()
    t.strictSame(answer(await verify({ token }, bearer(other))), {
      statusCode: 403,
      body: refusal(403, 'Forbidden', 'FORBIDDEN', 'That is not allowed.')
    })
    t.strictSame(answer(await verify({ token, password: 'wrong' }, bearer(access_token))), WRONG, 'a password counts')
    t.equal(await verified(access_token), false)
    t.strictSame(answer(await verify({ token, password: PASSWORD }, bearer(other))), DONE)
    t.equal(await verified(other), false)
  })

  await t.test('answers the same again while the address stands verified by it', async (t) => {
    const { access_token, token } = await begin()
    const both = await Promise.all([verify({ token, password: PASSWORD }), verify({ token }, bearer(access_token))])
    t.strictSame(both.map(answer), [DONE, DONE])
    t.strictSame(answer(await verify({ token, password: 'wrong' })), WRONG, 'with the right proof')
    t.strictSame(answer(await verify({ token, password: PASSWORD })), DONE)
    clock.advance(2 * 24 * 60 * 60)
    t.strictSame(answer(await verify({ token, password: PASSWORD })), DONE)
  })

  await t.test('does not when the address has changed since, or the account is disabled', async (t) => {
    const { access_token, user, token } = await begin()
    t.strictSame(answer(await verify({ token, password: PASSWORD })), DONE)
    await fastify.database.open().query(sql`UPDATE users SET disabled_at = now() WHERE id = ${user.id}`)
    t.strictSame(answer(await verify({ token, password: PASSWORD })), INVALID)
    await fastify.database.open().query(sql`UPDATE users SET disabled_at = NULL WHERE id = ${user.id}`)
    const change = { new_email: 'moved@example.com', current_password: PASSWORD }
    await post(fastify, '/email/change', change, bearer(access_token))
    await post(fastify, '/email/change/confirm', { token: await tokenOf(fastify, 'confirm-new-email') })
    t.strictSame(answer(await verify({ token, password: PASSWORD })), INVALID)
    await letters(fastify)
  })

  await t.test('takes it for a day from when the mail was sent last', async (t) => {
    const names = { email: 'sent.twice@example.com' }
    await signIn(fastify, names)
    const [mail] = await waiting(fastify)
    const first = await write(fastify, mail as never)
    clock.advance(24 * 60 * 60 - 10)
    const second = await tokenOf(fastify, 'verify-email')
    t.equal(second, first?.token, 'a mail that is sent twice has one token')
    clock.advance(24 * 60 * 60 - 10)
    const { token: late } = await begin()
    t.strictSame(answer(await verify({ token: second, password: PASSWORD })), DONE)
    clock.advance(24 * 60 * 60)
    t.strictSame(answer(await verify({ token: late, password: PASSWORD })), INVALID)
  })

  await t.test('takes nothing else, and a wrong token costs no guess', async (t) => {
    const { access_token, refresh_token, token } = await begin()
    for (const wrong of [
      `${token}x`,
      token.slice(1),
      token.toUpperCase(),
      'x',
      'x'.repeat(512),
      access_token,
      refresh_token
    ]) {
      t.strictSame(answer(await verify({ token: wrong.slice(0, 512), password: PASSWORD })), INVALID)
      t.strictSame(answer(await verify({ token: wrong.slice(0, 512) }, bearer(access_token))), INVALID)
    }
    for (const url of ['/email/change/confirm', '/email/change/undo']) {
      t.strictSame(answer(await post(fastify, url, { token })), INVALID, `${url} does not take it`)
    }
    t.strictSame(answer(await verify({ token, password: PASSWORD })), DONE, 'and none of it has used it up')
  })

  await t.test('verifies nothing by a password that was changed meanwhile', async (t) => {
    const { access_token, user, token } = await begin()
    const database = fastify.database.open()
    const { verify: check } = fastify.passwords
    fastify.passwords.verify = async (...given) => {
      const matches = await check(...given)
      await database.query(sql`UPDATE users SET password_version = password_version + 1 WHERE id = ${user.id}`)
      return matches
    }
    t.match(answer(await verify({ token, password: PASSWORD })), {
      statusCode: 401,
      body: { code: 'INVALID_CREDENTIALS' }
    })
    fastify.passwords.verify = check
    t.equal(await verified(access_token), false)
    t.strictSame(answer(await verify({ token, password: PASSWORD })), DONE)
  })

  await t.test('knows no password of an account that has none', async (t) => {
    const { user, token } = await begin()
    await fastify.database.open().query(sql`UPDATE users SET password_hash = NULL WHERE id = ${user.id}`)
    for (const password of [PASSWORD, 'null']) t.strictSame(answer(await verify({ token, password })), WRONG)
  })

  await t.test('is unavailable while the database is', async (t) => {
    const { token } = await begin()
    const restore = cutOff(fastify)
    t.equal((await verify({ token, password: PASSWORD })).json().code, 'DATABASE_UNAVAILABLE')
    restore()
    t.strictSame(answer(await verify({ token, password: PASSWORD })), DONE)
  })

  const rows: [string, unknown, [path: string, message: string][]][] = [
    ['nothing', {}, [['/token', 'is required']]],
    ['an empty token', { token: '' }, [['/token', 'must have at least 1 characters']]],
    ['a token of 513 characters', { token: 'x'.repeat(513) }, [['/token', 'must have at most 512 characters']]],
    ['a number', { token: 5 }, [['/token', 'must be string']]],
    ['an empty password', { token: 'x', password: '' }, [['/password', 'must have at least 1 characters']]],
    [
      'a password of 1025 characters',
      { token: 'x', password: 'x'.repeat(1025) },
      [['/password', 'must have at most 1024 characters']]
    ],
    ['an unknown key', { token: 'x', email: 'ada@example.com' }, [['/email', 'is not a known key']]]
  ]
  for (const [what, body, faults] of rows) {
    await t.test(`refuses ${what} as what does not fit`, async (t) => {
      const errors = faults.map(([path, message]) => ({ path, message }))
      t.strictSame(answer(await post(fastify, '/email/verify', body)), unfit(...errors))
    })
  }
})

test('wrong passwords at POST /email/verify', async (t) => {
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  const { begin, verify } = using(fastify)
  const login = (names: object, headers = {}) => post(fastify, '/login', { ...names, password: PASSWORD }, headers)

  await t.test('count as failed logins on both names of the account', async (t) => {
    const { username, token } = await begin()
    for (let count = 0; count < 10; count++) t.equal((await verify({ token, password: 'wrong' })).statusCode, 401)
    const blocked = await verify({ token, password: PASSWORD })
    t.match(blocked.json(), { statusCode: 429, code: 'TOO_MANY_REQUESTS' })
    t.match(blocked.headers, { 'retry-after': /^\d+$/ })
    for (const names of [{ username }, { email: `${username}@example.com` }])
      t.equal((await login(names)).statusCode, 429)
  })

  await t.test('count apart from a device that is known, which a right one makes known', async (t) => {
    const { username, token } = await begin()
    const right = await verify({ token, password: PASSWORD })
    const cookie = String(right.headers['set-cookie']).split(';', 1).join()
    t.match(cookie, /^latchkey_device=/)
    for (let count = 0; count < 10; count++) await verify({ token, password: 'wrong' })
    t.equal((await verify({ token, password: PASSWORD })).statusCode, 429)
    t.equal((await verify({ token, password: PASSWORD }, { cookie })).statusCode, 204)
    t.equal((await login({ username })).statusCode, 200, 'and a right one resets what was counted')
  })
})

test('an address can be verified by its password where nobody signs in before', async (t) => {
  const fastify = await build(t, { environment: { REQUIRE_VERIFIED_EMAIL: 'on' } })
  const names = { email: 'ada@example.com' }
  await post(fastify, '/register', { ...names, password: PASSWORD })
  const token = await tokenOf(fastify, 'verify-email')
  t.equal((await post(fastify, '/login', { ...names, password: PASSWORD })).json().code, 'EMAIL_UNVERIFIED')
  t.strictSame(answer(await post(fastify, '/email/verify', { token, password: PASSWORD })), DONE)
  t.equal((await post(fastify, '/login', { ...names, password: PASSWORD })).statusCode, 200)
})

test('attempts count by client address with those to sign in', async (t) => {
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  const token = 'x'.repeat(43)
  const one = () => post(fastify, '/email/verify', { token, password: PASSWORD })
  const answers = []
  for (let index = 0; index < 61; index++) answers.push(await one())
  t.equal(answers.filter(({ statusCode }) => statusCode === 400).length, 60)
  t.equal(answers.filter(({ statusCode }) => statusCode === 429).length, 1)
  t.equal((await post(fastify, '/login', { username: 'ada', password: PASSWORD })).statusCode, 429)
})
