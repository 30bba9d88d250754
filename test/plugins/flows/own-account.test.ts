import type { InjectOptions } from 'fastify'
import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { MAIL_ASKED } from '../../../src/schemas/answers.ts'
import { answer, BEARER, bearer, build, PASSWORD, post, refusal, signIn, testClock } from '../../helpers/app.ts'
import { letters, tokenOf } from '../../helpers/letters.ts'
import { meanwhile } from '../../helpers/meanwhile.ts'
import { givePassword, removePassword, signInWithout } from '../../helpers/no-password.ts'
import { giveApp, recorded } from '../../helpers/second-factor.ts'

test('a password change without the current password is refused if the token is fresh no longer', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { LIMITS: 'on', ACCESS_TOKEN_TTL: '3600' } })
  const { access_token, user } = await signIn(fastify, { username: 'ada' })
  const app = await giveApp(fastify, user.id, { required: false })
  const { access_token: raised } = (
    await post(fastify, '/token/step-up', { totp: app.code(1) }, bearer(access_token))
  ).json()

  // The session was found and the body validated; the next statement counts the request.
  meanwhile(fastify, 1, async () => clock.advance(601))
  const response = await post(fastify, '/password/change', { new_password: 'another horse battery' }, bearer(raised))
  const errors = [{ path: '/current_password', message: 'is required' }]
  t.strictSame(answer(response), {
    statusCode: 400,
    body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', errors)
  })
  t.strictSame(await recorded(fastify, user.id, 'password changed'), [])
  const login = await post(fastify, '/login', { username: 'ada', password: PASSWORD })
  t.equal(login.statusCode, 200, 'the password is the same')
})

const NEXT = 'another horse battery staple'
const INVALID = { statusCode: 401, body: refusal(401, 'Unauthorized', 'TOKEN_INVALID', 'The token is not valid.') }
const WRONG = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'INVALID_CREDENTIALS', 'The current password is wrong.')
}
const unfit = (...errors: object[]) => ({
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', errors)
})
const MISSING = { path: '/current_password', message: 'is required' }

type Change = Pick<InjectOptions, 'method' | 'url'> & { payload: object }

/** The changes that ask for the current password, and what they answer. */
const CHANGES: [change: Change, done: { statusCode: number; body: unknown }, action: string][] = [
  [
    { method: 'POST', url: '/password/change', payload: { new_password: NEXT } },
    { statusCode: 204, body: '' },
    'password changed'
  ],
  [
    { method: 'POST', url: '/email/change', payload: { new_email: 'new@example.com' } },
    { statusCode: 202, body: MAIL_ASKED },
    'email change asked'
  ],
  [{ method: 'DELETE', url: '/me', payload: {} }, { statusCode: 204, body: '' }, 'user deleted']
]

test('of an account without a password, a fresh session takes the place of the current one', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { LIMITS: 'on', ACCESS_TOKEN_TTL: '3600' } })
  let users = 0
  const begin = () => signInWithout(fastify, { username: `bare.${users++}` })

  for (const [change, done, action] of CHANGES) {
    await t.test(`${change.method} ${change.url}`, async (t) => {
      const send = (token: string, payload = change.payload) =>
        fastify.inject({ ...change, headers: bearer(token), payload })
      const with_ = (current_password: string) => ({ ...change.payload, current_password })

      await t.test('accepts the session alone, and records it', async (t) => {
        const { access_token: token, user } = await begin()
        t.strictSame(answer(await send(token)), done)
        t.strictSame(await recorded(fastify, user.id, action), [{ action, session: true, detail: null }])
      })

      await t.test('refuses any password', async (t) => {
        const { access_token: token, user } = await begin()
        for (const password of [PASSWORD, '!']) {
          const response = await send(token, with_(password))
          t.strictSame(answer(response), WRONG)
          t.match(response.headers, BEARER)
        }
        t.strictSame(await recorded(fastify, user.id, action), [])
      })

      await t.test('lists all faults of the body', async (t) => {
        const { access_token: token, user } = await begin()
        const unknown = { path: '/sure', message: 'is not a known key' }
        t.strictSame(answer(await send(token, { ...change.payload, sure: true })), unfit(unknown))
        await givePassword(fastify, user.id)
        t.strictSame(answer(await send(token, { ...change.payload, sure: true })), unfit(MISSING, unknown))
      })

      await t.test('refuses a session that is not fresh, whatever it sends', async (t) => {
        const { access_token: token, user } = await begin()
        clock.advance(601)
        for (const payload of [change.payload, with_(PASSWORD), {}]) {
          const response = await send(token, payload)
          const { challenge, ...body } = response.json()
          t.strictSame(
            { statusCode: response.statusCode, body },
            {
              statusCode: 401,
              body: refusal(401, 'Unauthorized', 'STEP_UP_REQUIRED', 'Prove again who you are.')
            }
          )
          t.strictSame(challenge, { factors: [], expires_in: 300 }, 'the password is not offered')
          t.match(response.headers['www-authenticate'], /insufficient_user_authentication", max_age=600$/)
        }
        const app = await giveApp(fastify, user.id, { required: false })
        const stepped = await post(fastify, '/token/step-up', { totp: app.code(1) }, bearer(token))
        t.strictSame(answer(await send(stepped.json().access_token)), done)
      })

      await t.test('refuses a session below aal2 if a second step is required', async (t) => {
        const { access_token: token, user } = await begin()
        const app = await giveApp(fastify, user.id)
        const response = await send(token)
        t.match(answer(response), {
          statusCode: 401,
          body: { code: 'STEP_UP_REQUIRED', challenge: { factors: ['totp', 'recovery_code'] } }
        })
        t.match(response.headers['www-authenticate'], /acr_values="aal2"/)
        const stepped = await post(fastify, '/token/step-up', { totp: app.code(1) }, bearer(token))
        t.strictSame(answer(await send(stepped.json().access_token)), done)
      })

      await t.test('asks for a password that the account has only since the session was found', async (t) => {
        const { access_token: token, user } = await begin()
        // The next statement counts the request.
        meanwhile(fastify, 1, () => givePassword(fastify, user.id))
        t.strictSame(answer(await send(token)), unfit(MISSING))
        t.strictSame(await recorded(fastify, user.id, action), [])
      })

      await t.test('accepts no session in place of a password that was removed meanwhile', async (t) => {
        const { access_token: token, user } = await signIn(fastify, { username: `had.${users++}` })
        clock.advance(601)
        meanwhile(fastify, 1, () => removePassword(fastify, user.id))
        t.strictSame(answer(await send(token, with_(PASSWORD))), WRONG)
        t.strictSame(await recorded(fastify, user.id, action), [])
      })

      await t.test('refuses an account that is deleted meanwhile', async (t) => {
        const { access_token: token, user } = await begin()
        meanwhile(fastify, 1, () => fastify.database.open().query(sql`DELETE FROM users WHERE id = ${user.id}`))
        t.strictSame(answer(await send(token)), INVALID)
      })
    })
  }
  await letters(fastify)

  await t.test('of two first passwords at once, one is set', async (t) => {
    const { access_token: token, user } = await begin()
    const passwords = [`${NEXT} one`, `${NEXT} two`]
    const answers = await Promise.all(
      passwords.map((new_password) => post(fastify, '/password/change', { new_password }, bearer(token)))
    )
    const statuses = answers.map(({ statusCode }) => statusCode)
    t.strictSame(statuses.toSorted(), [204, statuses.includes(401) ? 401 : 400])
    const logins = await Promise.all(
      passwords.map((password) => post(fastify, '/login', { username: user.username, password }))
    )
    t.strictSame(
      logins.map(({ statusCode }) => statusCode === 200),
      statuses.map((status) => status === 204)
    )
  })

  await t.test(
    'a first password ends the other sessions, and voids a change of the address that was asked for',
    async (t) => {
      const email = 'bare@example.com'
      const { access_token: token, refresh_token } = await signIn(fastify, { email })
      const { access_token: other } = (await post(fastify, '/login', { email, password: PASSWORD })).json()
      await fastify.database
        .open()
        .query(sql`UPDATE users SET password_hash = NULL, email_verified = true WHERE email = ${email}`)
      await letters(fastify)
      await post(fastify, '/email/change', { new_email: 'next@example.com' }, bearer(other))
      const confirmation = await tokenOf(fastify, 'confirm-new-email')
      t.equal((await post(fastify, '/password/change', { new_password: NEXT }, bearer(token))).statusCode, 204)
      t.match(await letters(fastify), [{ template: 'password-changed', recipient: email }])
      t.strictSame(answer(await fastify.inject({ url: '/me', headers: bearer(other) })), INVALID)
      t.equal((await post(fastify, '/token/refresh', { refresh_token })).statusCode, 200)
      t.match((await post(fastify, '/email/change/confirm', { token: confirmation })).json(), {
        code: 'EMAIL_TOKEN_INVALID'
      })
      t.equal((await post(fastify, '/login', { email, password: NEXT })).statusCode, 200)
    }
  )
})
