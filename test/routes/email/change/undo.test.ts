import { test } from 'tap'
import { sql } from '../../../../src/database/sql.ts'
import { makeRecoveryCodes } from '../../../../src/factors/recovery-codes.ts'
import { readFactors } from '../../../../src/factors/state.ts'
import { addIdentity, listIdentities } from '../../../../src/providers/identities.ts'
import { answer, bearer, build, PASSWORD, post, refusal, signIn, testClock } from '../../../helpers/app.ts'
import { enrolApp, enrolAsOwner, enrolPasskey, recorded, requireStep } from '../../../helpers/enrolled.ts'
import { letters, tokenOf, waiting, write } from '../../../helpers/letters.ts'
import { addPasskeyTo, signInWith } from '../../../helpers/passkeys.ts'

const DONE = { statusCode: 204, body: '' }
const INVALID = {
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'EMAIL_TOKEN_INVALID', 'The link is invalid, has expired, or was already used.')
}
const DAY = 24 * 60 * 60
const NEXT = 'another horse battery staple'

test('POST /email/change/undo', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock, environment: { ACCESS_TOKEN_TTL: '10000000' } })
  let users = 0

  /** A user who has proven an address, and whose password somebody else knows. */
  async function begin() {
    const username = `user.${users++}`
    const email = `a.${username}@example.com`
    const { access_token } = await signIn(fastify, { username, email })
    await post(fastify, '/email/verify', { token: await tokenOf(fastify, 'verify-email'), password: PASSWORD })
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
  const undo = (token: string, new_password?: string) =>
    post(fastify, '/email/change/undo', { token, ...(new_password !== undefined && { new_password }) })
  const user = async (username: string) =>
    (
      await fastify.database
        .open()
        .query(sql`SELECT username, email, email_verified FROM users WHERE username = ${username}`)
    )[0]
  const login = async (username: string, password: string) =>
    (await post(fastify, '/login', { username, password })).statusCode

  await t.test('gives the address back, voids the password and every session, and sends a link', async (t) => {
    const { username, email, me, change } = await begin()
    const response = await undo(await change(`b.${email}`))
    t.strictSame(answer(response), DONE)
    t.match(response.headers, { 'cache-control': 'no-store' })
    t.notOk(response.headers['set-cookie'])
    t.match(await me(), { code: 'TOKEN_INVALID' })
    t.equal(await login(username, PASSWORD), 401, 'whoever made the change knows it')
    t.match(await user(username), { email, email_verified: true })
    const token = await tokenOf(fastify, 'reset-password')
    t.equal((await post(fastify, '/password/reset', { token, new_password: NEXT })).statusCode, 204)
    await letters(fastify)
    t.equal(await login(username, NEXT), 200)
    const reasons = await fastify.database.open().query(
      sql`SELECT end_reason FROM sessions JOIN users ON users.id = user_id
         WHERE username = ${username} ORDER BY sessions.id`
    )
    t.strictSame(reasons, [{ end_reason: 'email change undone' }, { end_reason: null }])
  })

  await t.test('deletes what was added to sign in with since the change, and nothing from before', async (t) => {
    const { username, email, headers, change } = await begin()
    const database = () => fastify.database.open()
    const { id } = (await fastify.inject({ url: '/me', headers })).json()
    const app = () => enrolApp(database(), fastify.deriveKey('totp secrets'), id)
    const codes = () => makeRecoveryCodes(database(), fastify.deriveKey('recovery codes'), id)
    await enrolPasskey(database(), id)
    const [kept = ''] = await codes()
    clock.advance(60)
    const token = await change(`b.${email}`)
    clock.advance(60)
    await app()
    await enrolPasskey(database(), id)
    await requireStep(database(), id)
    await recorded(fastify)
    t.strictSame(answer(await undo(token, NEXT)), DONE)
    t.strictSame(await readFactors(database(), id), {
      required: true,
      totp: null,
      passkeys: 1,
      usable_passkeys: 0,
      recovery_codes: 10,
      password: true
    })
    const reason = 'email change undone'
    t.match(await recorded(fastify), [
      { action: 'email change undone', account: id },
      { action: 'totp removed', account: id, detail: { reason } },
      { action: 'passkey removed', account: id, detail: { reason, count: 1 } },
      { action: 'password reset', account: id }
    ])
    t.match((await letters(fastify)).map(({ template }) => template).sort(), ['password-changed', 'security-notice'])
    const { challenge } = (await post(fastify, '/login', { username, password: NEXT })).json()
    const second = { mfa_token: challenge.mfa_token, recovery_code: kept }
    t.equal((await post(fastify, '/login/mfa', second)).statusCode, 200)
    await letters(fastify)
  })

  await t.test('lets the owner in who had no second step before', async (t) => {
    const { username, email, headers, change } = await begin()
    const { id } = (await fastify.inject({ url: '/me', headers })).json()
    const token = await change(`b.${email}`)
    clock.advance(60)
    await enrolApp(fastify.database.open(), fastify.deriveKey('totp secrets'), id)
    await makeRecoveryCodes(fastify.database.open(), fastify.deriveKey('recovery codes'), id)
    await requireStep(fastify.database.open(), id)
    await recorded(fastify)
    t.equal((await undo(token, NEXT)).statusCode, 204)
    t.match(await recorded(fastify), [
      { action: 'email change undone' },
      { action: 'totp removed' },
      { action: 'second step not required', account: id, detail: { reason: 'email change undone' } },
      { action: 'password reset' }
    ])
    t.strictSame(await readFactors(fastify.database.open(), id), {
      required: false,
      totp: null,
      passkeys: 0,
      usable_passkeys: 0,
      recovery_codes: 0,
      password: true
    })
    t.equal(await login(username, NEXT), 200)
    await letters(fastify)
  })

  await t.test(
    'lets the owner in alone if a thief adds an app, a passkey and a provider between the request and its confirmation',
    async (t) => {
      const { username, email, headers } = await begin()
      const owner = (await fastify.inject({ url: '/me', headers })).json()
      const database = fastify.database.open()
      const link = (subject: string) =>
        addIdentity(database, owner.id, 'test', { issuer: 'https://id.example.com', subject, emailIsVerified: false })
      await link('owner')
      clock.advance(60)
      const thief = (await post(fastify, '/login', { username, password: PASSWORD })).json().access_token
      const asked = { new_email: `b.${email}`, current_password: PASSWORD }
      t.equal((await post(fastify, '/email/change', asked, bearer(thief))).statusCode, 202)
      // Before the mail is sent, which may be delayed, and sent again.
      const { authenticator, response } = await addPasskeyTo(fastify, thief)
      t.equal(response.statusCode, 201)
      const [mail] = (await waiting(fastify)).filter(({ kind }) => kind === 'confirm new email')
      for (const _ of [1, 2]) {
        clock.advance(60)
        await write(fastify, mail as never)
      }
      await enrolAsOwner(fastify, thief)
      await link('thief')
      const token = (await letters(fastify)).find(({ template }) => template === 'confirm-new-email')?.token
      t.equal((await post(fastify, '/email/change/confirm', { token })).statusCode, 204)
      t.match((await post(fastify, '/login', { username, password: PASSWORD })).json(), { code: 'MFA_REQUIRED' })
      const undoing = (await letters(fastify)).find(({ template }) => template === 'email-changed')?.token
      await recorded(fastify)
      t.strictSame(answer(await undo(String(undoing), NEXT)), DONE)
      const reason = 'email change undone'
      t.match(await recorded(fastify), [
        { action: 'email change undone', account: owner.id },
        { action: 'totp removed', detail: { reason } },
        { action: 'passkey removed', detail: { reason, count: 1 } },
        { action: 'identity unlinked', detail: { reason, count: 1 } },
        { action: 'second step not required', detail: { reason } },
        { action: 'password reset' }
      ])
      t.equal(await login(username, NEXT), 200, 'without a second step')
      t.match((await signInWith(fastify, authenticator)).json(), { code: 'PASSKEY_UNKNOWN' })
      t.match(await listIdentities(database, owner.id), [{ subject: 'owner' }])
      await letters(fastify)
    }
  )

  await t.test('notifies the owner if only a provider was added', async (t) => {
    const { email, me, change } = await begin()
    const { id } = await me()
    const token = await change(`b.${email}`)
    const identity = { issuer: 'https://id.example.com', subject: 'later', emailIsVerified: false }
    await addIdentity(fastify.database.open(), id, 'test', identity)
    t.strictSame(answer(await undo(token, NEXT)), DONE)
    t.strictSame(await listIdentities(fastify.database.open(), id), [])
    t.match(
      (await letters(fastify)).map(({ template }) => template),
      ['security-notice', 'password-changed']
    )
  })

  await t.test('keeps what was added before the request', async (t) => {
    const { username, email, headers, change } = await begin()
    const { id } = (await fastify.inject({ url: '/me', headers })).json()
    const { access_token } = (await post(fastify, '/login', { username, password: PASSWORD })).json()
    await addPasskeyTo(fastify, access_token)
    await letters(fastify)
    clock.advance(1)
    t.strictSame(answer(await undo(await change(`b.${email}`), NEXT)), DONE)
    t.match(await readFactors(fastify.database.open(), id), { passkeys: 1 })
    await letters(fastify)
  })

  await t.test(
    'of a change that an earlier version confirmed, deletes what was added since the confirmation',
    async (t) => {
      const { username, email, change } = await begin()
      const { access_token } = (await post(fastify, '/login', { username, password: PASSWORD })).json()
      const token = await change(`b.${email}`)
      await fastify.database.open().query(sql`UPDATE email_changes SET asked_at = NULL`)
      await addPasskeyTo(fastify, access_token)
      const { id } = (await fastify.inject({ url: '/me', headers: bearer(access_token) })).json()
      t.strictSame(answer(await undo(token, NEXT)), DONE)
      t.match(await readFactors(fastify.database.open(), id), { passkeys: 0 })
      await letters(fastify)
    }
  )

  await t.test('takes a new password at once, and tells of it', async (t) => {
    const { username, email, me, change } = await begin()
    const response = await undo(await change(`b.${email}`), NEXT)
    t.strictSame(answer(response), DONE)
    t.match(await me(), { code: 'TOKEN_INVALID' })
    t.equal(await login(username, PASSWORD), 401)
    t.equal(await login(username, NEXT), 200)
    t.match(await letters(fastify), [{ template: 'password-changed', recipient: email }])
  })

  await t.test('uses nothing up where the new password is rejected', async (t) => {
    const { username, email, change } = await begin()
    const token = await change(`b.${email}`)
    for (const rejected of ['', 'short', 'password', 'x'.repeat(73), username, email, `b.${email}`]) {
      const { statusCode, body } = answer(await undo(token, rejected))
      t.match(
        { statusCode, body },
        { statusCode: 400, body: { code: 'PASSWORD_REJECTED', errors: [{ path: '/new_password' }] } }
      )
    }
    t.equal(await login(username, PASSWORD), 200, 'and changes nothing')
    t.strictSame(answer(await undo(token, NEXT)), DONE)
    await letters(fastify)
  })

  await t.test('voids every token from before that somebody else may have', async (t) => {
    const { email, headers, change } = await begin()
    const token = await change(`b.${email}`)
    // The new mailbox is the thief's, who asks for all that there is to be had.
    await post(fastify, '/password/forgot', { email: `b.${email}` })
    const reset = await tokenOf(fastify, 'reset-password')
    await post(fastify, '/email/change', { new_email: `c.${email}`, current_password: PASSWORD }, headers)
    const confirm = await tokenOf(fastify, 'confirm-new-email')
    await post(fastify, '/password/forgot', { email: `b.${email}` })
    await post(fastify, '/email/change', { new_email: `d.${email}`, current_password: PASSWORD }, headers)
    t.strictSame(answer(await undo(token)), DONE)
    t.strictSame(answer(await post(fastify, '/password/reset', { token: reset, new_password: NEXT })), INVALID)
    t.strictSame(answer(await post(fastify, '/email/change/confirm', { token: confirm })), INVALID)
    t.match(await letters(fastify), [{ template: 'reset-password', recipient: email }], 'nor is one sent later')
  })

  await t.test(
    'and whatever the thief does at the same moment end with nothing in the hands of the thief',
    async (t) => {
      for (let round = 0; round < 3; round++) {
        const { username, email, headers, change } = await begin()
        const token = await change(`b.${email}`)
        await post(fastify, '/email/change', { new_email: `c.${email}`, current_password: PASSWORD }, headers)
        const confirm = await tokenOf(fastify, 'confirm-new-email')
        await post(fastify, '/password/forgot', { email: `b.${email}` })
        const reset = await tokenOf(fastify, 'reset-password')
        const thief = { method: 'DELETE', url: '/me', headers } as const
        const [opened, ...rest] = await Promise.all([
          post(fastify, '/login', { username, password: PASSWORD }),
          undo(token, NEXT),
          post(fastify, '/email/change/confirm', { token: confirm }),
          post(fastify, '/password/reset', { token: reset, new_password: `${NEXT}?` }),
          post(fastify, '/password/change', { current_password: PASSWORD, new_password: `${NEXT}!` }, headers),
          ...(round === 2 ? [fastify.inject({ ...thief, payload: { current_password: PASSWORD } })] : [])
        ])
        await undo(token, NEXT)
        for (const password of [PASSWORD, `${NEXT}!`, `${NEXT}?`]) t.equal(await login(username, password), 401)
        if (opened.statusCode === 200) {
          const { refresh_token } = opened.json()
          t.equal((await post(fastify, '/token/refresh', { refresh_token })).statusCode, 401)
        }
        const row = await user(username)
        if (row) {
          t.match(row, { email, email_verified: true })
          t.equal(await login(username, NEXT), 200)
        } else t.match(rest.at(-1)?.statusCode, 204, 'or the account has gone')
        const kept = (await letters(fastify)).filter((letter) => letter.token && letter.recipient !== email)
        for (const { token, template } of kept) {
          const path = template === 'reset-password' ? '/password/reset' : '/email/change/undo'
          t.strictSame(
            answer(await post(fastify, path, { token, ...(template === 'reset-password' && { new_password: NEXT }) })),
            INVALID
          )
        }
      }
    }
  )

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
