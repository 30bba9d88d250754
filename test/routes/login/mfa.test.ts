import { test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { voidLoginSteps } from '../../../src/factors/login-steps.ts'
import { answer, BEARER, bearer, build, cutOff, PASSWORD, post, refusal, signIn, testClock } from '../../helpers/app.ts'
import { challengeOf, giveApp, recorded } from '../../helpers/second-factor.ts'

const TOKEN_INVALID = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'MFA_TOKEN_INVALID', 'The second step has expired; sign in again.')
}
const CODE_INVALID = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'MFA_CODE_INVALID', 'The code or passkey is wrong, or was already used.')
}

test('POST /login/mfa', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const database = () => fastify.database.open()
  let users = 0

  /** An account that requires a second step, and a session of before that. */
  async function begin() {
    const username = `user.${users++}`
    const signedIn = await signIn(fastify, { username })
    const app = await giveApp(fastify, signedIn.user.id)
    const id: string = signedIn.user.id
    const challenge = (more = {}) => challengeOf(fastify, username, more)
    const sessions = async () => (await database().query(sql`SELECT FROM sessions WHERE user_id = ${id}`)).length
    return { id, username, app, challenge, sessions, token: signedIn.access_token as string }
  }
  const send = (mfa_token: string, proof: object, headers = {}) =>
    post(fastify, '/login/mfa', { mfa_token, ...proof }, headers)

  await t.test('is asked by /login, which opens no session and sets no cookie', async (t) => {
    const { id, username, sessions } = await begin()
    const response = await post(fastify, '/login', { username, password: PASSWORD, cookie: true })
    const { mfa_token } = response.json().challenge
    t.match(mfa_token, /^[\w-]{43}$/)
    t.strictSame(answer(response), {
      statusCode: 403,
      body: {
        ...refusal(403, 'Forbidden', 'MFA_REQUIRED', 'A second step is needed to sign in.'),
        challenge: { factors: ['totp', 'recovery_code'], expires_in: 300, mfa_token }
      }
    })
    t.match(response.headers, { 'cache-control': 'no-store' })
    t.equal(response.headers['set-cookie'], undefined)
    t.equal(response.headers['www-authenticate'], undefined)
    t.equal(await sessions(), 1)
    t.strictSame(await recorded(fastify, id, 'second step asked', 'login'), [
      { action: 'login', session: true, detail: { method: 'password' } },
      { action: 'second step asked', session: false, detail: null }
    ])
    const [step] = await database().query(sql`SELECT hash, attempts, used_at FROM login_steps WHERE user_id = ${id}`)
    t.match(step, { attempts: 0, used_at: null })
    t.notSame(step?.hash, Buffer.from(mfa_token))
  })

  for (const proof of ['totp', 'recovery_code'] as const) {
    await t.test(`ends a sign-in by ${proof}`, async (t) => {
      const { id, app, challenge, sessions } = await begin()
      const { mfa_token } = await challenge()
      const given = proof === 'totp' ? app.code(1) : app.codes[0]
      const response = await send(mfa_token, { [proof]: given })
      const { access_token, refresh_token } = response.json()
      t.strictSame(answer(response), {
        statusCode: 200,
        body: { access_token, token_type: 'Bearer', expires_in: 900, refresh_token }
      })
      t.match(response.headers, { 'cache-control': 'no-store' })
      const claims = await fastify.tokens.verify(access_token)
      t.match(claims, { sub: id, amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' })
      t.ok(Math.abs(Number(claims.auth_time) - claims.iat) <= 1)
      const refreshed = (await post(fastify, '/token/refresh', { refresh_token })).json()
      t.match(await fastify.tokens.verify(refreshed.access_token), {
        auth_time: claims.auth_time as number,
        amr: ['pwd', 'otp', 'mfa'],
        acr: 'aal2'
      })
      t.equal((await fastify.inject({ url: '/me', headers: bearer(access_token) })).statusCode, 200)
      t.equal(await sessions(), 2)
      t.strictSame((await recorded(fastify, id, 'login', 'recovery code used')).slice(1), [
        ...(proof === 'recovery_code' ? [{ action: 'recovery code used', session: false, detail: null }] : []),
        { action: 'login', session: true, detail: { method: proof } }
      ])
      t.strictSame(answer(await send(mfa_token, { [proof]: given })), TOKEN_INVALID, 'once')
      const again = await challenge()
      t.strictSame(answer(await send(again.mfa_token, { [proof]: given })), CODE_INVALID, 'and so is the code')
    })
  }

  await t.test('remembers whether the refresh token is wanted in a cookie', async (t) => {
    const { app, challenge } = await begin()
    const { mfa_token } = await challenge({ cookie: true })
    const response = await send(mfa_token, { totp: app.code(1) })
    t.strictSame(Object.keys(response.json()), ['access_token', 'token_type', 'expires_in'])
    t.match(response.headers['set-cookie'], /^refresh_token=[\w.-]+; /)
    t.notMatch((await send((await challenge()).mfa_token, { recovery_code: app.codes[0] })).headers, {
      'set-cookie': /./
    })
  })

  await t.test('refuses wrong codes, and records them without the code', async (t) => {
    const { id, app, challenge } = await begin()
    const other = await begin()
    const wrong: [string, object, string][] = [
      ['another code', { totp: app.wrong() }, 'totp'],
      ['the code that confirmed the app', { totp: app.used }, 'totp'],
      ['the recovery code of another', { recovery_code: other.app.codes[0] }, 'recovery_code'],
      ['no recovery code at all', { recovery_code: '?' }, 'recovery_code']
    ]
    const { mfa_token } = await challenge()
    for (const [what, proof] of wrong) {
      const response = await send(mfa_token, proof)
      t.strictSame(answer(response), CODE_INVALID, what)
      t.match(response.headers, BEARER)
      t.equal(response.headers['set-cookie'], undefined)
    }
    const failures = await recorded(fastify, id, 'second factor failed')
    t.strictSame(
      failures.map(({ detail }) => detail),
      wrong.map(([, , method]) => ({ reason: 'wrong', method }))
    )
    t.equal((await send(mfa_token, { recovery_code: app.codes[0] })).statusCode, 200, 'the fifth try may be right')
  })

  await t.test('refuses a passkey where there can be none, like a wrong code', async (t) => {
    const { id, challenge } = await begin()
    const credential = {
      id: 'AAAA',
      rawId: 'AAAA',
      type: 'public-key',
      response: { clientDataJSON: 'AAAA', authenticatorData: 'AAAA', signature: 'AAAA', more: 1 },
      authenticatorAttachment: 'platform'
    }
    t.strictSame(answer(await send((await challenge()).mfa_token, { credential })), CODE_INVALID)
    t.match(await recorded(fastify, id, 'second factor failed'), [{ detail: { reason: 'wrong' } }])
  })

  const ends: [string, (account: Awaited<ReturnType<typeof begin>>) => Promise<unknown>][] = [
    ['300 s', async () => clock.advance(300)],
    [
      'a change of the password',
      ({ id }) => database().query(sql`UPDATE users SET password_version = password_version + 1 WHERE id = ${id}`)
    ],
    ['being disabled', ({ id }) => database().query(sql`UPDATE users SET disabled_at = now() WHERE id = ${id}`)],
    ['a change of the factors', ({ id }) => voidLoginSteps(database(), id)],
    ['being deleted', ({ id }) => database().query(sql`DELETE FROM users WHERE id = ${id}`)]
  ]
  for (const [what, end] of ends) {
    await t.test(`refuses the token after ${what}`, async (t) => {
      const account = await begin()
      const { mfa_token } = await account.challenge()
      await end(account)
      const response = await send(mfa_token, { recovery_code: account.app.codes[0] })
      t.strictSame(answer(response), TOKEN_INVALID)
      t.match(response.headers, BEARER)
    })
  }

  await t.test('refuses a token that nobody was given', async (t) => {
    const { app, challenge, token } = await begin()
    const { mfa_token } = await challenge()
    for (const other of ['x', `${mfa_token}x`, mfa_token.slice(1), token.slice(0, 512)]) {
      t.strictSame(answer(await send(other, { totp: app.code(1) })), TOKEN_INVALID)
    }
    const failures = await recorded(fastify, null, 'second factor failed')
    t.match(failures.at(-1), { detail: { reason: 'token invalid' } })
  })

  await t.test('takes five tries of a token, however many come at once', async (t) => {
    const { app, challenge } = await begin()
    const { mfa_token } = await challenge()
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(mfa_token, { totp: app.wrong() })))
    const codes = answers.map((response) => response.json().code)
    t.equal(codes.filter((code) => code === 'MFA_CODE_INVALID').length, 5)
    t.equal(codes.filter((code) => code === 'MFA_TOKEN_INVALID').length, 15)
    t.strictSame(answer(await send(mfa_token, { totp: app.code(1) })), TOKEN_INVALID)
  })

  const ONE = ['', 'exactly one of totp and recovery_code and credential is required'] as const
  const SIX = ['/totp', 'must be the six digits of the authenticator app'] as const
  const credential = (response: object) => ({ id: 'x', rawId: 'x', type: 'x', response })
  const unfit: [string, object, (readonly [path: string, message: string])[]][] = [
    ['nothing', {}, [ONE, ['/mfa_token', 'is required']]],
    ['no proof', { mfa_token: 'x' }, [ONE]],
    ['two proofs', { mfa_token: 'x', totp: '123456', recovery_code: 'x' }, [ONE]],
    ['a password', { mfa_token: 'x', password: PASSWORD }, [ONE, ['/password', 'is not a known key']]],
    ['five digits', { mfa_token: 'x', totp: '12345' }, [SIX]],
    ['full-width digits', { mfa_token: 'x', totp: '１２３４５６' }, [SIX]],
    ['a line break after the digits', { mfa_token: 'x', totp: '123456\n' }, [SIX]],
    ['a code that is a number', { mfa_token: 'x', totp: 123456 }, [['/totp', 'must be string']]],
    [
      'an empty recovery code',
      { mfa_token: 'x', recovery_code: '' },
      [['/recovery_code', 'must have at least 1 characters']]
    ],
    [
      'a long recovery code',
      { mfa_token: 'x', recovery_code: 'x'.repeat(65) },
      [['/recovery_code', 'must have at most 64 characters']]
    ],
    [
      'a long token',
      { mfa_token: 'x'.repeat(513), totp: '123456' },
      [['/mfa_token', 'must have at most 512 characters']]
    ],
    ['an unknown key', { mfa_token: 'x', totp: '123456', cookie: true }, [['/cookie', 'is not a known key']]],
    [
      'a credential that is none',
      { mfa_token: 'x', credential: {} },
      ['id', 'rawId', 'type', 'response'].map((key) => [`/credential/${key}`, 'is required'] as const)
    ],
    [
      'a signature that is no text',
      { mfa_token: 'x', credential: credential({ clientDataJSON: '', authenticatorData: '', signature: 5 }) },
      [['/credential/response/signature', 'must be string']]
    ]
  ]
  for (const [what, body, faults] of unfit) {
    await t.test(`refuses ${what} as what does not fit`, async (t) => {
      const errors = faults.map(([path, message]) => ({ path, message }))
      t.strictSame(answer(await post(fastify, '/login/mfa', body)), {
        statusCode: 400,
        body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', errors)
      })
    })
  }

  await t.test('is unavailable while the database is, and takes nothing away', async (t) => {
    const { app, challenge } = await begin()
    const { mfa_token } = await challenge()
    const restore = cutOff(fastify)
    const response = await send(mfa_token, { totp: app.code(1) })
    restore()
    t.equal(response.statusCode, 503)
    t.equal((await send(mfa_token, { totp: app.code(1) })).statusCode, 200)
  })
})
