import { test } from 'tap'
import { answer, bearer, build, PASSWORD, post, refusal, signIn, testClock } from '../../../helper.ts'
import { letters, tokenOf, waiting, write } from '../../../letters.ts'

const DONE = { statusCode: 204, body: '' }
const INVALID = {
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'EMAIL_TOKEN_INVALID', 'The link is not valid, has been used, or is over.')
}
const DAY = 24 * 60 * 60

test('POST /email/change/undo', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { ACCESS_TOKEN_TTL: '10000000' } })
  let users = 0

  /** A user who has proven an address, and whose password somebody else knows. */
  async function begin() {
    const username = `user.${users++}`
    const email = `a.${username}@example.com`
    const { access_token } = await signIn(fastify, { username, email })
    await post(fastify, '/email/verify', { token: await tokenOf(fastify, 'verify-email') })
    const headers = bearer(access_token)
    return {
      username,
      email,
      headers,
      me: async () => (await fastify.inject({ url: '/me', headers })).json(),
      /** Another address, and the token that undoes it. */
      change: async (to: string) => {
        await post(fastify, '/email/change', { new_email: to, current_password: PASSWORD }, headers)
        const token = await tokenOf(fastify, 'confirm-new-email')
        await post(fastify, '/email/change/confirm', { token })
        return tokenOf(fastify, 'email-changed')
      }
    }
  }
  const undo = (token: string) => post(fastify, '/email/change/undo', { token })
  const user = async (username: string) => {
    const { access_token } = (await post(fastify, '/login', { username, password: PASSWORD })).json()
    return (await fastify.inject({ url: '/me', headers: bearer(access_token) })).json()
  }

  await t.test('gives the address back, ends every session, and sends a link for another password', async (t) => {
    const { username, email, me, change } = await begin()
    const response = await undo(await change(`b.${email}`))
    t.strictSame(answer(response), DONE)
    t.match(response.headers, { 'cache-control': 'no-store' })
    t.match(await me(), { code: 'TOKEN_INVALID' })
    const token = await tokenOf(fastify, 'reset-password')
    t.match(await user(username), { email, email_verified: true })
    t.equal((await post(fastify, '/password/reset', { token, new_password: `${PASSWORD}!` })).statusCode, 204)
    await letters(fastify)
    const reasons = await fastify
      .openDatabase()
      .query(
        'SELECT end_reason FROM sessions JOIN users ON users.id = user_id WHERE username = $1 ORDER BY sessions.id',
        [username]
      )
    t.strictSame(reasons, [{ end_reason: 'email change undone' }, { end_reason: 'password changed' }])
  })

  await t.test('survives later changes, and takes them and what undoes them back', async (t) => {
    const { username, email, change } = await begin()
    const first = await change(`b.${email}`)
    const second = await change(`c.${email}`)
    t.strictSame(answer(await undo(first)), DONE)
    t.match(await user(username), { email })
    t.strictSame(answer(await undo(second)), INVALID)
    t.match(await user(username), { email })
    await letters(fastify)
  })

  await t.test('takes back a later change alone, and then an earlier one', async (t) => {
    const { username, email, change } = await begin()
    const first = await change(`b.${email}`)
    const second = await change(`c.${email}`)
    t.strictSame(answer(await undo(second)), DONE)
    t.match(await user(username), { email: `b.${email}` })
    t.strictSame(answer(await undo(first)), DONE)
    t.match(await user(username), { email })
    await letters(fastify)
  })

  await t.test('voids a mail about a later change that has not been sent yet', async (t) => {
    const { email, headers, change } = await begin()
    const first = await change(`b.${email}`)
    await post(fastify, '/email/change', { new_email: `c.${email}`, current_password: PASSWORD }, headers)
    await post(fastify, '/email/change/confirm', { token: await tokenOf(fastify, 'confirm-new-email') })
    const [late] = await waiting(fastify)
    t.equal(late?.kind, 'email changed')
    t.strictSame(answer(await undo(first)), DONE)
    t.equal(await write(fastify, late as never), undefined)
    t.match(await letters(fastify), [{ template: 'reset-password' }])
  })

  await t.test('voids a change that is asked for and not confirmed', async (t) => {
    const { email, headers, change } = await begin()
    const first = await change(`b.${email}`)
    await post(fastify, '/email/change', { new_email: `c.${email}`, current_password: PASSWORD }, headers)
    const token = await tokenOf(fastify, 'confirm-new-email')
    t.strictSame(answer(await undo(first)), DONE)
    t.strictSame(answer(await post(fastify, '/email/change/confirm', { token })), INVALID)
    await letters(fastify)
  })

  await t.test('survives another password, which the thief may choose', async (t) => {
    const { email, headers, change } = await begin()
    const token = await change(`b.${email}`)
    const next = { current_password: PASSWORD, new_password: `${PASSWORD}!` }
    t.equal((await post(fastify, '/password/change', next, headers)).statusCode, 204)
    t.strictSame(answer(await undo(token)), DONE)
    await letters(fastify)
  })

  await t.test('takes a token once, from one of two at once, for seven days', async (t) => {
    const { email, change } = await begin()
    const token = await change(`b.${email}`)
    clock.advance(7 * DAY - 60)
    const answers = (await Promise.all([undo(token), undo(token)])).map(answer)
    t.strictSame(
      answers.sort((a, b) => a.statusCode - b.statusCode),
      [DONE, INVALID]
    )
    await letters(fastify)
    const other = await begin()
    const late = await other.change(`b.${other.email}`)
    clock.advance(7 * DAY)
    t.strictSame(answer(await undo(late)), INVALID)
  })

  await t.test(
    'is not in the way of who registers the address, but for the days in which it can be had back',
    async (t) => {
      const { email, change } = await begin()
      const token = await change(`b.${email}`)
      const register = () => post(fastify, '/register', { email, password: PASSWORD })
      t.match(answer(await register()), {
        statusCode: 409,
        body: { code: 'ACCOUNT_EXISTS', errors: [{ path: '/email', message: 'is taken', rule: 'taken' }] }
      })
      clock.advance(8 * DAY)
      t.equal((await register()).statusCode, 201)
      t.strictSame(answer(await undo(token)), INVALID)
      await letters(fastify)
    }
  )

  await t.test('is refused where another account has proven the address since', async (t) => {
    const { email, change, me } = await begin()
    const token = await change(`b.${email}`)
    const other = await begin()
    await other.change(email)
    t.match(answer(await undo(token)), {
      statusCode: 409,
      body: { code: 'ACCOUNT_EXISTS', errors: [{ path: '/token', message: 'is taken', rule: 'taken' }] }
    })
    t.match(await me(), { email: `b.${email}` }, 'and changes nothing')
  })
})
