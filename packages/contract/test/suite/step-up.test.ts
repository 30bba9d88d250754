import { type Test, test } from 'tap'
import { type Answer, bearer, CONTRACT_INTROSPECTION_KEY, CONTRACT_URL, PASSWORD, unique } from './client.ts'
import { refused } from './expectations.ts'
import {
  assuranceOf,
  claimsOf,
  createFactors,
  type Factors,
  PASSKEY,
  PWD,
  PWD_OTP,
  PWD_PASSKEY,
  type SignedIn
} from './factors.ts'

const INTROSPECTION_KEY = CONTRACT_URL ? CONTRACT_INTROSPECTION_KEY : 'a key for other services that is long enough'
const NEW_PASSWORD = 'another horse, another battery'
const UNKNOWN_ID = '0198a3c2-7f00-7000-8000-000000000000'

/** What a step-up answers: a token, and no refresh token. */
function token(t: Test, { status, json, headers }: Answer): void {
  t.equal(status, 200)
  t.equal(headers['cache-control'], 'no-store')
  t.equal(headers['set-cookie'], undefined)
  t.strictSame(Object.keys(json ?? {}).sort(), ['access_token', 'expires_in', 'token_type'])
  t.match(json, { token_type: 'Bearer', expires_in: 900 })
}

const TOO_OLD = ['error="insufficient_user_authentication"', 'max_age=600']
const TOO_LOW = [...TOO_OLD, 'acr_values="aal2"']

/** Refused for a token that is not fresh. */
function stale(t: Test, answer: Answer, factors: string[], authenticate = TOO_OLD): void {
  const challenge = { factors, expires_in: 300, ...(factors.includes('passkey') && { public_key: 'options' as const }) }
  refused(t, answer, 401, 'STEP_UP_REQUIRED', { challenge, authenticate })
}

test('Step-up', async (t) => {
  const factors = await createFactors(t, INTROSPECTION_KEY ? { INTROSPECTION_KEY } : {})
  const { account, enrolled, login, get, post, patch, pass, refresh, signInTwice, challenge } = factors
  const stepUp = (access_token: string, proof: unknown) => post('/token/step-up', access_token, proof)

  await t.test('a password gives a token that says when it was shown', async (t) => {
    const one = await account()
    await pass(3)
    const answer = await stepUp(one.access_token, { password: PASSWORD })
    token(t, answer)
    const [before, after] = [claimsOf(one.access_token), claimsOf(answer.json.access_token)]
    t.ok(after.auth_time > before.auth_time)
    t.strictSame([after.sid, after.sub, after.preferred_username], [before.sid, before.sub, before.preferred_username])
    t.not(after.jti, before.jti)
    t.strictSame(assuranceOf(answer.json.access_token), PWD)
    t.equal((await get('/me', answer.json.access_token)).status, 200)
    const refreshed = await refresh(one)
    t.equal(claimsOf(refreshed.access_token).auth_time, after.auth_time, 'the refresh token stays, and brings it too')
  })

  await t.test('the session has the methods of all that was shown in it', async (t) => {
    const one = await enrolled()
    await patch('/mfa', one.access_token, { required: false })
    const { key } = await factors.addPasskey(one.access_token)
    const session = (await login(one.username)).json as SignedIn
    t.strictSame(assuranceOf(session.access_token), PWD)
    const again = await stepUp(session.access_token, { password: PASSWORD })
    t.strictSame(assuranceOf(again.json.access_token), PWD, 'the same factor twice is one')
    const coded = await stepUp(session.access_token, { totp: await one.app.next() })
    token(t, coded)
    t.strictSame(assuranceOf(coded.json.access_token), PWD_OTP)
    const recovered = await stepUp((await login(one.username)).json.access_token, { recovery_code: one.codes[0] })
    token(t, recovered)
    t.strictSame(assuranceOf(recovered.json.access_token), PWD_OTP)
    const byKey = (await factors.usePasskey(key)).json as SignedIn
    t.strictSame(assuranceOf(byKey.access_token), PASSKEY)
    const both = await stepUp(byKey.access_token, { password: PASSWORD })
    token(t, both)
    t.strictSame(assuranceOf(both.json.access_token), PWD_PASSKEY)
    t.strictSame(assuranceOf(session.access_token), PWD, 'the token in hand says what it said')
  })

  await t.test('what was wrong is refused, and changes nothing', async (t) => {
    const one = await enrolled()
    const simple = await account()
    refused(t, await stepUp(simple.access_token, { password: 'wrong' }), 401, 'INVALID_CREDENTIALS')
    refused(t, await stepUp(simple.access_token, { totp: '123456' }), 401, 'MFA_CODE_INVALID')
    refused(t, await stepUp(simple.access_token, { recovery_code: one.codes[0] }), 401, 'MFA_CODE_INVALID')
    refused(t, await stepUp(one.access_token, { totp: one.app.wrong() }), 401, 'MFA_CODE_INVALID')
    refused(t, await stepUp(one.access_token, { recovery_code: 'x' }), 401, 'MFA_CODE_INVALID')
    const before = claimsOf(simple.access_token)
    t.equal(claimsOf((await refresh(simple)).access_token).auth_time, before.auth_time)
  })

  await t.test('where a second step is required, a password is not enough, right or wrong', async (t) => {
    const one = await enrolled()
    for (const password of [PASSWORD, 'wrong'])
      refused(t, await stepUp(one.access_token, { password }), 403, 'FORBIDDEN')
    token(t, await stepUp(one.access_token, { totp: await one.app.next() }))
    token(t, await stepUp(one.access_token, { recovery_code: one.codes[0] }))
    refused(t, await stepUp(one.access_token, { recovery_code: one.codes[0] }), 401, 'MFA_CODE_INVALID')
  })

  await t.test('of one code at once, one is taken', async (t) => {
    const one = await enrolled()
    for (const proof of [{ totp: await one.app.next() }, { recovery_code: one.codes[0] }]) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => stepUp(one.access_token, proof)))
      t.equal(answers.filter(({ status }) => status === 200).length, 1)
      for (const { status, json } of answers) if (status !== 200) t.equal(json.code, 'MFA_CODE_INVALID')
    }
  })

  await t.test('what does not fit is refused, but a missing token first', async (t) => {
    const one = await account()
    for (const body of [
      {},
      { password: PASSWORD, totp: '123456' },
      { password: '' },
      { password: 5 },
      { password: 'x'.repeat(1025) },
      { totp: '12345' },
      { totp: '１２３４５６' },
      { totp: 123456 },
      { recovery_code: '' },
      { recovery_code: 'x'.repeat(65) },
      { credential: null },
      { credential: 'x' },
      { mfa_token: 'x', totp: '123456' },
      { refresh_token: one.refresh_token, password: PASSWORD },
      []
    ]) {
      const { status, json } = await stepUp(one.access_token, body)
      t.strictSame([status, json.code], [400, 'VALIDATION_FAILED'], JSON.stringify(body))
    }
    refused(t, await factors.client.request({ path: '/token/step-up', body: {} }), 401, 'TOKEN_MISSING')
    refused(t, await stepUp('x', {}), 401, 'TOKEN_INVALID')
    refused(t, await stepUp(one.refresh_token, { password: PASSWORD }), 401, 'TOKEN_INVALID')
    await factors.client.request({ path: '/logout', body: { refresh_token: one.refresh_token } })
    refused(t, await stepUp(one.access_token, { password: PASSWORD }), 401, 'TOKEN_INVALID')
    refused(t, await stepUp(one.access_token, {}), 401, 'TOKEN_INVALID')
  })

  if (INTROSPECTION_KEY) {
    await t.test('introspection says the same as the token', async (t) => {
      const one = await enrolled()
      await pass(3)
      const after = (await stepUp(one.access_token, { totp: await one.app.next() })).json.access_token
      for (const access_token of [one.before, one.access_token, after]) {
        const { auth_time, amr, acr } = claimsOf(access_token)
        const body = { token: access_token }
        const { json } = await factors.client.request({ path: '/introspect', headers: bearer(INTROSPECTION_KEY), body })
        t.strictSame([json.auth_time, json.amr, json.acr], [auth_time, amr, acr])
      }
      const refreshed = await refresh(one)
      const { json } = await factors.client.request({
        path: '/introspect',
        headers: bearer(INTROSPECTION_KEY),
        body: { token: refreshed.refresh_token }
      })
      const { auth_time, amr, acr } = claimsOf(refreshed.access_token)
      t.strictSame([json.auth_time, json.amr, json.acr], [auth_time, amr, acr], 'a refresh token: its session')
    })
  }

  await t.test('right after an app was added, the token in hand is too low, and a refresh mends that', async (t) => {
    const one = await account()
    const { secret } = (await post('/mfa/totp', one.access_token)).json
    await post('/mfa/totp/confirm', one.access_token, { totp: await factors.appOf(secret).next() })
    stale(t, await post('/mfa/recovery-codes', one.access_token), ['totp', 'recovery_code'], TOO_LOW)
    t.equal((await get('/mfa', one.access_token)).status, 200, 'reading is allowed')
    const { access_token } = await refresh(one)
    t.strictSame(assuranceOf(access_token), PWD_OTP)
    t.equal((await post('/mfa/recovery-codes', access_token)).status, 200)
  })

  await t.test('a new password may come without the current one, where a token is fresh and aal2', async (t) => {
    const one = await enrolled()
    const change = (access_token: string, body: object) => post('/password/change', access_token, body)
    const errors = [{ path: '/current_password' }]
    const simple = await account()
    refused(t, await change(simple.access_token, { new_password: NEW_PASSWORD }), 400, 'VALIDATION_FAILED', { errors })
    refused(
      t,
      await change(one.access_token, { current_password: 'x', new_password: NEW_PASSWORD }),
      401,
      'INVALID_CREDENTIALS'
    )
    t.equal((await change(one.access_token, { new_password: NEW_PASSWORD })).status, 204)
    refused(t, await login(one.username), 401, 'INVALID_CREDENTIALS')
    t.equal((await login(one.username, { password: NEW_PASSWORD })).json.code, 'MFA_REQUIRED')
    const { key } = await factors.addPasskey(simple.access_token)
    const byKey = (await factors.usePasskey(key)).json as SignedIn
    t.equal(
      (await change(byKey.access_token, { new_password: NEW_PASSWORD })).status,
      204,
      'also where none is required'
    )
    t.equal((await login(simple.username, { password: NEW_PASSWORD })).status, 200)
    refused(t, await get('/me', simple.access_token), 401, 'TOKEN_INVALID')
    t.equal((await get('/me', byKey.access_token)).status, 200)
  })

  await t.test('a new password touches no factor', async (t) => {
    const one = await enrolled()
    await factors.addPasskey(one.access_token)
    const before = (await get('/mfa', one.access_token)).json
    await post('/password/change', one.access_token, { current_password: PASSWORD, new_password: NEW_PASSWORD })
    t.strictSame((await get('/mfa', one.access_token)).json, before)
    const asked = (await login(one.username, { password: NEW_PASSWORD })).json.challenge
    t.equal((await factors.secondStep(asked.mfa_token, { totp: await one.app.next() })).status, 200)
  })

  await t.test('with a passkey', async (t) => {
    const one = await account()
    const { key } = await factors.addPasskey(one.access_token)
    await patch('/mfa', one.access_token, { required: true })
    const session = (await factors.usePasskey(key)).json as SignedIn
    const other = (await factors.usePasskey(key)).json as SignedIn
    t.strictSame(assuranceOf(session.access_token), PASSKEY)
    const answer = await post('/mfa/recovery-codes', one.access_token)
    stale(t, answer, ['recovery_code', 'passkey'], TOO_LOW)
    const { public_key } = answer.json.challenge

    await t.test('the challenge is for the session that got it', async (t) => {
      refused(t, await stepUp(other.access_token, { credential: key.get(public_key) }), 401, 'MFA_CODE_INVALID')
      const credential = key.get(public_key)
      const raised = await stepUp(one.access_token, { credential })
      token(t, raised)
      t.strictSame(assuranceOf(raised.json.access_token), PWD_PASSKEY)
      refused(t, await stepUp(one.access_token, { credential }), 401, 'MFA_CODE_INVALID')
      t.equal((await post('/mfa/recovery-codes', raised.json.access_token)).status, 200)
    })

    await t.test('the challenge of a step-up signs in nowhere', async (t) => {
      const asked = await post('/mfa/recovery-codes', one.access_token)
      const credential = key.get(asked.json.challenge.public_key)
      const answer = await factors.client.request({ path: '/login/passkey', body: { credential } })
      refused(t, answer, 401, 'PASSKEY_INVALID')
    })

    await t.test('nor does that of a sign-in step up', async (t) => {
      const asked = await challenge(one.username)
      for (const options of [await factors.requestOptions(), asked.public_key]) {
        refused(t, await stepUp(session.access_token, { credential: key.get(options) }), 401, 'MFA_CODE_INVALID')
      }
    })

    await t.test('and at once, one is taken', async (t) => {
      const asked = await post('/mfa/recovery-codes', one.access_token)
      const credential = key.get(asked.json.challenge.public_key)
      const answers = await Promise.all(Array.from({ length: 10 }, () => stepUp(one.access_token, { credential })))
      t.equal(answers.filter(({ status }) => status === 200).length, 1)
    })
  })

  await t.test('a code signs in twice in no way', async (t) => {
    const one = await enrolled()
    const totp = await one.app.next()
    token(t, await stepUp(one.access_token, { totp }))
    const answer = await factors.secondStep((await challenge(one.username)).mfa_token, { totp })
    refused(t, answer, 401, 'MFA_CODE_INVALID')
    t.ok((await signInTwice(one.username, { totp: await one.app.next() })).access_token)
  })
})

if (CONTRACT_URL === undefined) {
  test('Fresh tokens', async (t) => {
    const factors = await createFactors(t)
    const { account, enrolled, get, post, patch, remove, pass, refresh } = factors
    const stepUp = async (access_token: string, proof: object) =>
      (await post('/token/step-up', access_token, proof)).json.access_token as string

    /** All that asks for a fresh token, whether a second step is required or not. */
    const FRESH: [string, (access_token: string) => Promise<Answer>][] = [
      ['PATCH /mfa', (it) => patch('/mfa', it, { required: false })],
      ['POST /mfa/totp', (it) => post('/mfa/totp', it)],
      ['POST /mfa/totp/confirm', (it) => post('/mfa/totp/confirm', it, { totp: '123456' })],
      ['DELETE /mfa/totp', (it) => remove('/mfa/totp', it)],
      ['POST /mfa/recovery-codes', (it) => post('/mfa/recovery-codes', it)],
      ['POST /passkeys/options', (it) => post('/passkeys/options', it)],
      ['POST /passkeys', (it) => post('/passkeys', it, { credential: factors.authenticator().create(CREATION) })],
      ['DELETE /passkeys/:id', (it) => remove(`/passkeys/${UNKNOWN_ID}`, it)]
    ]
    const CREATION = { challenge: 'x'.repeat(72), rp: { id: 'latchkey.test' }, user: { id: 'x'.repeat(22) } }

    /** What asks for one only where a second step is required. */
    const FRESH_IF_REQUIRED: [string, (access_token: string) => Promise<Answer>][] = [
      [
        'POST /password/change',
        (it) => post('/password/change', it, { current_password: PASSWORD, new_password: NEW_PASSWORD })
      ],
      [
        'POST /email/change',
        (it) => post('/email/change', it, { current_password: PASSWORD, new_email: `${unique()}@example.com` })
      ],
      ['DELETE /me', (it) => remove('/me', it, { current_password: PASSWORD })]
    ]

    await t.test('for ten minutes a token is fresh, however often it was refreshed since', async (t) => {
      const one = await account()
      await pass(590)
      t.equal((await post('/mfa/totp', one.access_token)).status, 200)
      await pass(20)
      const refreshed = await refresh(one)
      for (const [what, ask] of FRESH) {
        await t.test(what, async (t) => {
          stale(t, await ask(one.access_token), ['password'])
          stale(t, await ask(refreshed.access_token), ['password'])
        })
      }
      const raised = await stepUp(refreshed.access_token, { password: PASSWORD })
      t.equal((await post('/mfa/totp', raised)).status, 200)
      stale(t, await post('/mfa/totp', refreshed.access_token), ['password'], TOO_OLD)
      t.equal((await post('/mfa/totp', (await refresh(refreshed)).access_token)).status, 200, 'a refresh brings it too')
    })

    await t.test('the routes ask for a token first, and for a body that fits last', async (t) => {
      const one = await account()
      for (const [what, ask] of FRESH) {
        const { status, json } = await ask('')
        t.strictSame([status, json.code], [401, 'TOKEN_MISSING'], what)
      }
      await pass(601)
      stale(t, await patch('/mfa', one.access_token, { required: 'x' }), ['password'])
      stale(t, await post('/passkeys', one.access_token, {}), ['password'])
    })

    await t.test('where a second step is required, it must be aal2 as well', async (t) => {
      const one = await enrolled()
      for (const [what, ask] of [...FRESH, ...FRESH_IF_REQUIRED]) {
        await t.test(what, async (t) => {
          stale(t, await ask(one.before), ['totp', 'recovery_code'], TOO_LOW)
        })
      }
      await pass(601)
      const { access_token } = await refresh(one)
      for (const [what, ask] of [...FRESH, ...FRESH_IF_REQUIRED]) {
        await t.test(`${what}, ten minutes later`, async (t) => {
          stale(t, await ask(access_token), ['totp', 'recovery_code'], TOO_OLD)
        })
      }
      const { mfa_token } = await factors.challenge(one.username)
      t.ok(mfa_token, 'the password is still what it was')
      const raised = await stepUp(access_token, { totp: await one.app.next() })
      t.equal(
        (await post('/password/change', raised, { current_password: PASSWORD, new_password: NEW_PASSWORD })).status,
        204
      )
      const last = await stepUp(access_token, { recovery_code: one.codes[0] })
      refused(t, await remove('/me', last, { current_password: PASSWORD }), 401, 'INVALID_CREDENTIALS')
      t.equal((await remove('/me', last, { current_password: NEW_PASSWORD })).status, 204)
    })

    await t.test("the owner's step-up does not make an older token of the session fresh", async (t) => {
      const one = await enrolled()
      await pass(601)
      const { access_token: stolen } = await refresh(one)
      const raised = await stepUp(stolen, { totp: await one.app.next() })
      t.equal((await post('/mfa/recovery-codes', raised)).status, 200)
      stale(t, await post('/mfa/recovery-codes', stolen), ['totp', 'recovery_code'], TOO_OLD)
      stale(t, await remove('/mfa/totp', stolen), ['totp', 'recovery_code'], TOO_OLD)
    })

    await t.test('without a required second step, nothing changes for the rest', async (t) => {
      for (const [what, ask] of FRESH_IF_REQUIRED) {
        const one = await account()
        await pass(601)
        const { access_token } = await refresh(one)
        const { status, json } = await ask(access_token)
        t.ok([202, 204].includes(status) || json.code === 'MAIL_UNAVAILABLE', what)
      }
    })

    await t.test('a stale aal2 token changes no password without the current one', async (t) => {
      const one = await account()
      const { key } = await factors.addPasskey(one.access_token)
      const byKey = (await factors.usePasskey(key)).json as SignedIn
      await pass(601)
      const { access_token } = await refresh(byKey)
      const errors = [{ path: '/current_password' }]
      const answer = await post('/password/change', access_token, { new_password: NEW_PASSWORD })
      refused(t, answer, 400, 'VALIDATION_FAILED', { errors })
    })

    await t.test('reading, and ending sessions, never asks', async (t) => {
      const one = await enrolled()
      const other = await factors.signInTwice(one.username, { totp: await one.app.next() })
      const third = await factors.signInTwice(one.username, { recovery_code: one.codes[0] })
      await pass(601)
      const { access_token } = await refresh(one)
      for (const path of ['/me', '/mfa', '/passkeys', '/sessions', '/me/export']) {
        t.equal((await get(path, access_token)).status, 200, path)
      }
      t.equal((await remove(`/sessions/${claimsOf(other.access_token).sid}`, access_token)).status, 204)
      t.equal((await remove('/sessions', access_token)).status, 204)
      refused(t, await get('/me', third.access_token), 401, 'TOKEN_INVALID')
      const { refresh_token } = one
      t.equal((await factors.client.request({ path: '/logout', body: { refresh_token } })).status, 204)
    })

    await t.test('the name of a passkey is no way to sign in', async (t) => {
      const one = await account()
      const { passkey } = await factors.addPasskey(one.access_token)
      await pass(601)
      const { access_token } = await refresh(one)
      t.equal((await patch(`/passkeys/${passkey.id}`, access_token, { name: 'Phone' })).status, 200)
      stale(t, await remove(`/passkeys/${passkey.id}`, access_token), ['passkey', 'password'])
    })
  })

  test('STEP_UP_MAX_AGE', async (t) => {
    const factors: Factors = await createFactors(t, { STEP_UP_MAX_AGE: '60' })
    const one = await factors.account()
    await factors.pass(55)
    t.equal((await factors.post('/mfa/totp', one.access_token)).status, 200)
    await factors.pass(10)
    const authenticate = ['error="insufficient_user_authentication"', 'max_age=60']
    stale(t, await factors.post('/mfa/totp', one.access_token), ['password'], authenticate)
  })
}
