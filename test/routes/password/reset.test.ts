import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { setPassword } from '../../../src/admin/accounts.ts'
import { sql } from '../../../src/database/sql.ts'
import { Problem } from '../../../src/errors.ts'
import { makeRecoveryCodes } from '../../../src/factors/recovery-codes.ts'
import { readFactors } from '../../../src/factors/state.ts'
import { markVerified } from '../../../src/users/users.ts'
import { answer, bearer, build, cutOff, PASSWORD, post, refusal, signIn, testClock } from '../../helpers/app.ts'
import { migratedDatabase } from '../../helpers/database.ts'
import { enrolApp, enrolPasskey, recorded, requireStep } from '../../helpers/enrolled.ts'
import { letters, tokenOf, waiting, write } from '../../helpers/letters.ts'
import { removePassword } from '../../helpers/no-password.ts'

const NEXT = 'another horse battery staple'
const DONE = { statusCode: 204, body: '' }
const INVALID = {
  statusCode: 400,
  body: refusal(400, 'Bad Request', 'EMAIL_TOKEN_INVALID', 'The link is invalid, has expired, or was already used.')
}

const login = (fastify: FastifyInstance, email: string, password: string, headers = {}) =>
  post(fastify, '/login', { email, password }, headers)

test('POST /password/reset', async (t) => {
  const clock = testClock()
  const database = await migratedDatabase(t)
  const fastify = await build(t, { clock, database })
  let users = 0

  async function begin() {
    const email = `user.${users++}@example.com`
    const { access_token, user } = await signIn(fastify, { email })
    await letters(fastify)
    return { email, bearer: access_token as string, id: user.id as string }
  }
  const ask = async (email: string) => {
    await post(fastify, '/password/forgot', { email })
    return tokenOf(fastify, 'reset-password')
  }
  const reset = (token: string, new_password = NEXT) => post(fastify, '/password/reset', { token, new_password })
  const passwords = async (email: string) => ({
    old: (await login(fastify, email, PASSWORD)).statusCode,
    next: (await login(fastify, email, NEXT)).statusCode
  })

  await t.test('changes the password, ends every session, and tells so by mail', async (t) => {
    const { email, bearer: token } = await begin()
    const stranger = await begin()
    const response = await reset(await ask(email))
    t.strictSame(answer(response), DONE)
    t.match(response.headers, { 'cache-control': 'no-store' })
    t.equal((await fastify.inject({ url: '/me', headers: bearer(token) })).statusCode, 401)
    t.strictSame(await letters(fastify), [
      { template: 'password-changed', recipient: email, locale: null, variables: { name: email } }
    ])
    t.strictSame(await passwords(email), { old: 401, next: 200 })
    t.strictSame(await passwords(stranger.email), { old: 200, next: 401 }, 'and nothing of another user')
    t.equal((await fastify.inject({ url: '/me', headers: bearer(stranger.bearer) })).statusCode, 200)
  })

  await t.test('proves the address', async (t) => {
    const { email } = await begin()
    await reset(await ask(email))
    const { access_token } = (await login(fastify, email, NEXT)).json()
    t.equal((await fastify.inject({ url: '/me', headers: bearer(access_token) })).json().email_verified, true)
  })

  await t.test('gives an account its first password', async (t) => {
    const { email, id, bearer: token } = await begin()
    await removePassword(fastify, id)
    t.strictSame(await passwords(email), { old: 401, next: 401 })
    t.strictSame(answer(await reset(await ask(email))), DONE)
    t.strictSame(await passwords(email), { old: 401, next: 200 })
    t.equal((await fastify.inject({ url: '/me', headers: bearer(token) })).statusCode, 401)
  })

  await t.test('takes a token once, from one of two at once', async (t) => {
    const { email } = await begin()
    const token = await ask(email)
    const answers = (await Promise.all([reset(token), reset(token, `${NEXT}!`)])).map(answer)
    t.strictSame(
      answers.sort((a, b) => a.statusCode - b.statusCode),
      [DONE, INVALID]
    )
    t.strictSame(answer(await reset(token)), INVALID)
  })

  await t.test('takes the token of the newest mail alone', async (t) => {
    const { email } = await begin()
    const first = await ask(email)
    const second = await ask(email)
    t.strictSame(answer(await reset(first)), INVALID)
    t.strictSame(answer(await reset(second)), DONE)
  })

  await t.test('takes it for 30 minutes', async (t) => {
    const { email } = await begin()
    const token = await ask(email)
    clock.advance(30 * 60)
    t.strictSame(answer(await reset(token)), INVALID)
    const other = await ask(email)
    clock.advance(30 * 60 - 10)
    t.strictSame(answer(await reset(other)), DONE)
  })

  await t.test('does not take what was used, though its mail is sent again', async (t) => {
    const { email } = await begin()
    await post(fastify, '/password/forgot', { email })
    const [mail] = await waiting(fastify)
    const letter = await write(fastify, mail as never)
    t.strictSame(answer(await reset(letter?.token as string)), DONE)
    t.equal(await write(fastify, mail as never), undefined)
    clock.advance(24 * 60 * 60)
    t.equal(await write(fastify, mail as never), undefined)
    t.strictSame(answer(await reset(letter?.token as string)), INVALID)
    await letters(fastify)
  })

  const voided: [string, (given: { email: string; bearer: string; id: string }) => Promise<unknown>][] = [
    [
      'a change of the password',
      ({ bearer: token }) =>
        post(fastify, '/password/change', { current_password: PASSWORD, new_password: NEXT }, bearer(token))
    ],
    [
      'another password from an operator',
      async ({ id }) => {
        const hash = await fastify.passwords.hash(NEXT)
        const secret = fastify.deriveKey('limits')
        await setPassword(fastify.database.open(), fastify.sessions.rules, secret, id, { hash, keepSessions: true })
      }
    ],
    [
      'another address',
      async ({ bearer: token, email }) => {
        const change = { new_email: `new.${email}`, current_password: PASSWORD }
        await post(fastify, '/email/change', change, bearer(token))
        await post(fastify, '/email/change/confirm', { token: await tokenOf(fastify, 'confirm-new-email') })
      }
    ],
    [
      'disabling the account',
      ({ id }) => fastify.database.open().query(sql`UPDATE users SET disabled_at = now() WHERE id = ${id}`)
    ],
    [
      'deleting the account',
      ({ bearer: token }) =>
        fastify.inject({
          method: 'DELETE',
          url: '/me',
          headers: bearer(token),
          payload: { current_password: PASSWORD }
        })
    ]
  ]
  for (const [what, act] of voided) {
    await t.test(`does not take a token after ${what}, nor is its mail sent again`, async (t) => {
      const account = await begin()
      await post(fastify, '/password/forgot', { email: account.email })
      const [mail] = await waiting(fastify)
      const token = await tokenOf(fastify, 'reset-password')
      await act(account)
      t.strictSame(answer(await reset(token, `${NEXT} again`)), INVALID)
      t.equal(await write(fastify, mail as never), undefined)
      await letters(fastify)
    })
  }

  await t.test('rejects a password by the rules, and does not use the token up', async (t) => {
    const { email } = await begin()
    const token = await ask(email)
    const rejected: [string, string][] = [
      ['short', 'min_length'],
      ['é'.repeat(37), 'max_bytes'],
      ['password', 'common'],
      [email.toUpperCase(), 'same_as_name']
    ]
    for (const [password, rule] of rejected) {
      t.match(answer(await reset(token, password)), {
        statusCode: 400,
        body: { code: 'PASSWORD_REJECTED', errors: [{ path: '/new_password', rule }] }
      })
    }
    t.strictSame(await passwords(email), { old: 200, next: 401 })
    t.strictSame(answer(await reset(token)), DONE)
  })

  await t.test('refuses a wrong token before it hashes anything', async (t) => {
    const { hash } = fastify.passwords
    let hashes = 0
    fastify.passwords.hash = async (...given) => {
      hashes += 1
      return hash(...given)
    }
    const { email } = await begin()
    const token = await ask(email)
    hashes = 0
    for (const wrong of ['x', `${token}x`, token.slice(1)]) t.strictSame(answer(await reset(wrong)), INVALID)
    t.strictSame(answer(await reset('x', 'short')), INVALID, 'whatever the password')
    t.equal(hashes, 0)
    fastify.passwords.hash = hash
  })

  await t.test('costs one hash, however many bring one token at once', async (t) => {
    const { hash } = fastify.passwords
    let hashes = 0
    fastify.passwords.hash = async (...given) => {
      hashes += 1
      return hash(...given)
    }
    const { email } = await begin()
    const token = await ask(email)
    hashes = 0
    const answers = await Promise.all(Array.from({ length: 9 }, (_, index) => reset(token, `${NEXT} ${index}`)))
    t.strictSame(
      answers.map(answer).sort((a, b) => a.statusCode - b.statusCode),
      [DONE, ...Array(8).fill(INVALID)]
    )
    t.equal(hashes, 1)
    fastify.passwords.hash = hash
  })

  await t.test('leaves the token to the next where there is no place for its hash', async (t) => {
    const { email } = await begin()
    const token = await ask(email)
    const { hash } = fastify.passwords
    fastify.passwords.hash = async () => {
      t.strictSame(answer(await reset(token)), INVALID, 'nobody else has it meanwhile')
      throw new Problem('OVERLOADED')
    }
    const refused = await reset(token)
    fastify.passwords.hash = hash
    t.equal(refused.json().code, 'OVERLOADED')
    t.strictSame(await passwords(email), { old: 200, next: 401 })
    t.strictSame(answer(await reset(token)), DONE)
  })

  await t.test('takes the token later from who could not give it back, at another instance after 30 s', async (t) => {
    const other = await build(t, { clock, database })
    const [one, two] = [await begin(), await begin()]
    const tokens = [await ask(one.email), await ask(two.email)]
    const { hash } = fastify.passwords
    for (const token of [...tokens, ...tokens]) {
      let restore = () => {}
      fastify.passwords.hash = async (...given) => {
        restore = cutOff(fastify)
        return hash(...given)
      }
      t.equal((await reset(token)).json().code, 'DATABASE_UNAVAILABLE')
      restore()
      fastify.passwords.hash = hash
      const elsewhere = () => post(other, '/password/reset', { token, new_password: NEXT })
      if (token === tokens[1]) t.strictSame(answer(await elsewhere()), INVALID)
      clock.advance(20)
    }
    clock.advance(20)
    t.strictSame(answer(await reset(tokens[0] as string)), DONE)
    const elsewhere = await post(other, '/password/reset', { token: tokens[1], new_password: NEXT })
    t.strictSame(answer(elsewhere), DONE)
  })

  await t.test('changes nothing where the database goes away, and takes the token later', async (t) => {
    const { email } = await begin()
    const token = await ask(email)
    const { hash } = fastify.passwords
    let restore = () => {}
    fastify.passwords.hash = async (...given) => {
      restore = cutOff(fastify)
      return hash(...given)
    }
    t.equal((await reset(token)).json().code, 'DATABASE_UNAVAILABLE')
    restore()
    fastify.passwords.hash = hash
    t.strictSame(await passwords(email), { old: 200, next: 401 })
    t.strictSame(answer(await reset(token)), DONE)
  })
})

test('POST /password/reset and second factors', async (t) => {
  const fastify = await build(t)
  const database = () => fastify.database.open()
  let users = 0

  async function begin({ app = false, passkeys = 0, codes = false, required = false, verified = true }) {
    const email = `user.${users++}@example.com`
    const { user } = await signIn(fastify, { email })
    if (verified) await markVerified(database(), user.id)
    if (app) await enrolApp(database(), fastify.deriveKey('totp secrets'), user.id)
    for (let count = 0; count < passkeys; count += 1) await enrolPasskey(database(), user.id)
    if (codes) await makeRecoveryCodes(database(), fastify.deriveKey('recovery codes'), user.id)
    if (required) await requireStep(database(), user.id)
    await letters(fastify)
    await post(fastify, '/password/forgot', { email })
    const token = await tokenOf(fastify, 'reset-password')
    await recorded(fastify)
    return {
      email,
      id: user.id as string,
      reset: (more: object = { delete_passkeys: true }) =>
        post(fastify, '/password/reset', { token, new_password: NEXT, ...more }),
      read: () => readFactors(database(), user.id),
      templates: async () => (await letters(fastify)).map(({ template, variables }) => [template, variables.what])
    }
  }
  const TOLD = ['password-changed', undefined]
  const DELETED = ['security-notice', { text: 'passkeys deleted' }]

  await t.test('touches no factor by itself', async (t) => {
    const { email, reset, read, templates } = await begin({ app: true, passkeys: 1, codes: true, required: true })
    const before = await read()
    t.strictSame(answer(await reset({})), DONE)
    t.strictSame(await read(), before)
    t.strictSame(await templates(), [TOLD])
    t.match((await login(fastify, email, NEXT)).json(), { code: 'MFA_REQUIRED' })
    const other = await begin({ passkeys: 1 })
    t.strictSame(answer(await other.reset({ delete_passkeys: false })), DONE)
    t.match(await other.read(), { passkeys: 1 })
  })

  await t.test('deletes all passkeys if told so', async (t) => {
    const { id, email, reset, read, templates } = await begin({ passkeys: 2, codes: true })
    t.strictSame(answer(await reset()), DONE)
    t.strictSame(await read(), {
      required: false,
      totp: null,
      passkeys: 0,
      usable_passkeys: 0,
      recovery_codes: 0,
      password: true
    })
    t.strictSame((await templates()).sort(), [TOLD, DELETED])
    t.match(await recorded(fastify), [
      { action: 'password reset', account: id, detail: { count: 1 } },
      { action: 'passkey removed', account: id, detail: { reason: 'password reset', count: 2 } }
    ])
    t.equal((await login(fastify, email, NEXT)).statusCode, 200)
  })

  await t.test('deletes all passkeys of an account whose address nobody had proven', async (t) => {
    const rows: [given: Parameters<typeof begin>[0], left: object, login: object][] = [
      [{ passkeys: 1 }, { required: false, recovery_codes: 0 }, { token_type: 'Bearer' }],
      [{ passkeys: 1, required: true }, { required: false }, { token_type: 'Bearer' }],
      [{ passkeys: 1, codes: true, required: true }, { required: false, recovery_codes: 0 }, { token_type: 'Bearer' }],
      [{ passkeys: 1, app: true, required: true }, { required: true }, { code: 'MFA_REQUIRED' }]
    ]
    for (const [given, left, next] of rows) {
      const { id, email, reset, read, templates } = await begin({ ...given, verified: false })
      t.strictSame(answer(await reset({})), DONE)
      t.match(await read(), { passkeys: 0, ...left })
      t.strictSame((await templates()).sort(), [TOLD, DELETED])
      t.match(await recorded(fastify), [
        { action: 'password reset', account: id },
        { action: 'passkey removed', account: id, detail: { reason: 'password reset', count: 1 } }
      ])
      t.match((await login(fastify, email, NEXT)).json(), next)
    }
  })

  await t.test('deletes none where there are none', async (t) => {
    const { reset, templates } = await begin({ app: true, required: true })
    t.strictSame(answer(await reset()), DONE)
    t.strictSame(await templates(), [TOLD])
    t.match(await recorded(fastify), [{ action: 'password reset' }])
  })

  await t.test('leaves the second step, whichever factor is left for it', async (t) => {
    const rows: [given: Parameters<typeof begin>[0], factors: string[]][] = [
      [{ app: true, passkeys: 1 }, ['totp']],
      [{ app: true, passkeys: 1, codes: true }, ['totp', 'recovery_code']],
      [{ passkeys: 1, codes: true }, ['recovery_code']]
    ]
    for (const [given, factors] of rows) {
      const { email, reset, read } = await begin({ ...given, required: true })
      t.strictSame(answer(await reset()), DONE)
      t.match(await read(), { required: true, passkeys: 0 })
      t.match((await login(fastify, email, NEXT)).json(), { code: 'MFA_REQUIRED', challenge: { factors } })
    }
  })

  await t.test('deletes no passkeys that are all there is for a second step, and uses nothing up', async (t) => {
    const { email, reset, read, templates } = await begin({ passkeys: 1, required: true })
    t.strictSame(answer(await reset()), {
      statusCode: 409,
      body: refusal(409, 'Conflict', 'LAST_CREDENTIAL', 'Without it there would be no way to sign in.')
    })
    t.match(await read(), { required: true, passkeys: 1 })
    t.strictSame(await templates(), [])
    t.match((await login(fastify, email, PASSWORD)).json(), { code: 'MFA_REQUIRED' })
    t.strictSame(answer(await reset({})), DONE)
  })

  await t.test('takes a boolean alone', async (t) => {
    const { reset } = await begin({ passkeys: 1 })
    for (const wrong of ['true', 1, null]) {
      t.match((await reset({ delete_passkeys: wrong })).json(), {
        code: 'VALIDATION_FAILED',
        errors: [{ path: '/delete_passkeys' }]
      })
    }
  })
})

test('an owner under attack gets in by a reset', async (t) => {
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  await signIn(fastify, { username: 'ada', email: 'ada@example.com' })
  await letters(fastify)
  const guess = () => post(fastify, '/login', { username: 'ada', password: 'wrong' })
  for (let i = 0; i < 10; i += 1) await guess()
  t.equal((await guess()).statusCode, 429)
  await post(fastify, '/password/forgot', { email: 'ada@example.com' })
  const token = await tokenOf(fastify, 'reset-password')
  const response = await post(fastify, '/password/reset', { token, new_password: NEXT })
  t.equal(response.statusCode, 204)
  t.equal((await guess()).statusCode, 401, 'the wrong passwords are forgotten')
  for (let i = 0; i < 9; i += 1) await guess()
  t.equal((await guess()).statusCode, 429, 'until there are more')
  const [cookie = ''] = String(response.headers['set-cookie']).split(';')
  t.match(cookie, /^latchkey_device=/)
  t.equal((await post(fastify, '/login', { username: 'ada', password: NEXT })).statusCode, 429)
  t.equal((await login(fastify, 'ada@example.com', NEXT, { cookie })).statusCode, 200, 'and its device is known')
})
