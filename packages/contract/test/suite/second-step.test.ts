import { randomBytes } from 'node:crypto'
import { type Test, test } from 'tap'
import { type Answer, bearer, CONTRACT_URL, PASSWORD, unique } from './client.ts'
import { refused } from './expectations.ts'
import {
  assuranceOf,
  claimsOf,
  createFactors,
  type Factors,
  outcomes,
  PASSKEY,
  PWD,
  PWD_OTP,
  PWD_PASSKEY,
  type SignedIn,
  tally
} from './factors.ts'

const ASKED = { factors: ['totp', 'recovery_code'], expires_in: 300, mfa_token: 'token' } as const

/** An answer with tokens, compared but for their text. */
function tokens(t: Test, { status, json, headers }: Answer, names = ['access_token', 'expires_in', 'refresh_token']) {
  t.equal(status, 200)
  t.equal(headers['cache-control'], 'no-store')
  t.strictSame(Object.keys(json ?? {}).sort(), [...names, 'token_type'].sort())
  t.match(json, { token_type: 'Bearer', expires_in: 900 })
}

/** A refusal of the schema, whatever it names. */
function unfit(t: Test, { status, json }: Answer, what: string): void {
  t.strictSame([status, json?.code, json?.errors?.length > 0], [400, 'VALIDATION_FAILED', true], what)
}

const sessionsOf = async ({ get }: Factors, token: string) => (await get('/sessions', token)).json.sessions.length

test('The second step', async (t) => {
  const factors = await createFactors(t)
  const { login, challenge, secondStep, account, enrolled, get, post, patch, remove, pass, refresh } = factors
  const phoned = await enrolled()

  await t.test('an account without factors signs in with its password alone', async (t) => {
    const { username } = await account()
    const answer = await login(username)
    tokens(t, answer)
    const claims = claimsOf(answer.json.access_token)
    t.strictSame(assuranceOf(answer.json.access_token), PWD)
    t.ok(Number.isInteger(claims.auth_time) && claims.iat - claims.auth_time < 30, 'authenticated now')
    await pass(3)
    const later = claimsOf((await refresh(answer.json)).access_token)
    t.strictSame(
      [later.auth_time, later.amr, later.acr],
      [claims.auth_time, ['pwd'], 'aal1'],
      'a refresh moves nothing'
    )
    t.ok(later.iat > claims.iat)
  })

  await t.test('a right password is answered with MFA_REQUIRED, and opens no session', async (t) => {
    const { username, access_token } = phoned
    const before = await sessionsOf(factors, access_token)
    for (const body of [{}, { cookie: true }, { cookie: false }]) {
      const answer = await login(username, body)
      refused(t, answer, 403, 'MFA_REQUIRED', { challenge: ASKED })
      t.equal(answer.headers['set-cookie'], undefined)
    }
    t.equal(await sessionsOf(factors, access_token), before)
    t.not((await challenge(username)).mfa_token, (await challenge(username)).mfa_token)
  })

  await t.test('a wrong password is answered as for any account', async (t) => {
    const answers = [
      await login(phoned.username, { password: 'wrong' }),
      await login((await account()).username, { password: 'wrong' }),
      await login(unique(), { password: 'wrong' })
    ]
    for (const answer of answers) refused(t, answer, 401, 'INVALID_CREDENTIALS')
    t.strictSame([...new Set(answers.map(({ body }) => body))].length, 1)
  })

  await t.test('the email and another letter case make no difference', async (t) => {
    const email = `${unique('Ada')}@example.com`
    await factors.enrol(await account({ email }))
    const answer = await factors.client.request({
      path: '/login',
      body: { email: email.toUpperCase(), password: PASSWORD }
    })
    refused(t, answer, 403, 'MFA_REQUIRED', { challenge: ASKED })
  })

  await t.test('a code of the app ends it', async (t) => {
    const { username, app } = phoned
    const { mfa_token } = await challenge(username)
    const answer = await secondStep(mfa_token, { totp: await app.next() })
    tokens(t, answer)
    t.strictSame(assuranceOf(answer.json.access_token), PWD_OTP)
    t.equal((await get('/me', answer.json.access_token)).status, 200)
    const refreshed = await refresh(answer.json)
    t.strictSame(assuranceOf(refreshed.access_token), PWD_OTP)
    t.equal(claimsOf(refreshed.access_token).auth_time, claimsOf(answer.json.access_token).auth_time)
  })

  await t.test('a recovery code ends it, once, in any of its forms', async (t) => {
    const { username, codes, access_token } = phoned
    const left = async () => (await get('/mfa', access_token)).json.recovery_codes
    const rows: [string, (code: string) => string][] = [
      ['as it was given', (code) => code],
      ['in upper case', (code) => code.toUpperCase()],
      ['without its hyphen', (code) => code.replace('-', '')],
      ['with spaces', (code) => ` ${[...code].join(' ')} `],
      ['with letters for digits', (code) => code.replaceAll('0', 'o').replaceAll('1', code.includes('2') ? 'i' : 'l')],
      ['with capitals for digits', (code) => code.toUpperCase().replaceAll('0', 'O').replaceAll('1', 'L')]
    ]
    for (const [what, write] of rows) {
      await t.test(what, async (t) => {
        const before = await left()
        const code = codes.shift() as string
        const answer = await secondStep((await challenge(username)).mfa_token, { recovery_code: write(code) })
        tokens(t, answer)
        t.strictSame(assuranceOf(answer.json.access_token), PWD_OTP)
        t.equal(await left(), before - 1)
        const again = await secondStep((await challenge(username)).mfa_token, { recovery_code: code })
        refused(t, again, 401, 'MFA_CODE_INVALID')
      })
    }
  })

  await t.test('it remembers where the refresh token belongs', async (t) => {
    const one = await enrolled()
    const inCookie = (await login(one.username, { cookie: true })).json.challenge.mfa_token
    const answer = await secondStep(inCookie, { totp: await one.app.next() })
    tokens(t, answer, ['access_token', 'expires_in'])
    t.match(String(answer.headers['set-cookie']), /refresh_token=[\w.-]+;/)
    const inBody = await secondStep((await login(one.username, { cookie: false })).json.challenge.mfa_token, {
      recovery_code: one.codes[0]
    })
    tokens(t, inBody)
    t.notMatch(String(inBody.headers['set-cookie']), /refresh_token=/)
  })

  await t.test('what does not fit is refused', async (t) => {
    const { username, app } = phoned
    const { mfa_token } = await challenge(username)
    const code = app.wrong()
    const rows: [string, unknown][] = [
      ['nothing', {}],
      ['no proof', { mfa_token }],
      ['no token', { totp: code }],
      ['two proofs', { mfa_token, totp: code, recovery_code: 'x' }],
      ['two proofs, one of them null', { mfa_token, totp: code, recovery_code: null }],
      ['three proofs', { mfa_token, totp: code, recovery_code: 'x', credential: {} }],
      ['a password', { mfa_token, password: PASSWORD }],
      ['a cookie', { mfa_token, totp: code, cookie: true }],
      ['a username', { mfa_token, totp: code, username }],
      ['a token that is empty', { mfa_token: '', totp: code }],
      ['a token that is a number', { mfa_token: 5, totp: code }],
      ['a token that is null', { mfa_token: null, totp: code }],
      ['a token that is a list', { mfa_token: [mfa_token], totp: code }],
      ...[
        '',
        '12345',
        '1234567',
        '12345a',
        '１２３４５６',
        '١٢٣٤٥٦',
        ' 123456',
        '123456\n',
        '123 456',
        '+12345',
        '-12345',
        '1e5000',
        123456,
        null,
        true,
        ['123456'],
        { totp: '123456' }
      ].map((totp): [string, unknown] => [`the code ${JSON.stringify(totp)}`, { mfa_token, totp }]),
      ...['', 'x'.repeat(65), 5, null, ['x'], {}].map((recovery_code): [string, unknown] => [
        `the recovery code ${JSON.stringify(recovery_code).slice(0, 20)}`,
        { mfa_token, recovery_code }
      ]),
      ...[null, 5, 'x', true, []].map((credential): [string, unknown] => [
        `the credential ${JSON.stringify(credential)}`,
        { mfa_token, credential }
      ]),
      ['a list', []]
    ]
    for (const [what, body] of rows) unfit(t, await factors.client.request({ path: '/login/mfa', body }), what)
    tokens(t, await secondStep(mfa_token, { totp: await app.next() }))
  })

  await t.test('a token that nobody was given is refused, whatever comes with it', async (t) => {
    const { mfa_token } = await challenge(phoned.username)
    const flipped = `${mfa_token.slice(0, -2)}${mfa_token.at(-2) === 'A' ? 'B' : 'A'}${mfa_token.at(-1)}`
    for (const token of [
      randomBytes(32).toString('base64url'),
      flipped,
      mfa_token.slice(1),
      `${mfa_token}A`,
      mfa_token.toLowerCase() === mfa_token ? mfa_token.toUpperCase() : mfa_token.toLowerCase(),
      phoned.refresh_token
    ]) {
      refused(t, await secondStep(token, { totp: phoned.app.at(1) }), 401, 'MFA_TOKEN_INVALID')
      refused(t, await secondStep(token, { recovery_code: phoned.codes[0] }), 401, 'MFA_TOKEN_INVALID')
    }
    t.equal((await get('/mfa', phoned.access_token)).json.recovery_codes, phoned.codes.length, 'no code was used')
  })

  await t.test('a token signs in to nothing else', async (t) => {
    const { mfa_token } = await challenge(phoned.username)
    for (const path of ['/me', '/mfa', '/sessions', '/secret']) {
      refused(t, await get(path, mfa_token), 401, 'TOKEN_INVALID')
    }
    const refreshed = await factors.client.request({ path: '/token/refresh', body: { refresh_token: mfa_token } })
    refused(t, refreshed, 401, 'REFRESH_TOKEN_INVALID')
  })

  await t.test('wrong codes are refused alike', async (t) => {
    const { username, app } = phoned
    const { codes: others, app: other } = await enrolled()
    const rows: [string, Record<string, unknown>][] = [
      ['another code', { totp: app.wrong() }],
      ['the code of another account', { totp: other.at(0) === app.at(0) ? app.wrong() : other.at(0) }],
      ['the recovery code of another account', { recovery_code: others[0] }],
      ['a recovery code of the longest', { recovery_code: 'x'.repeat(64) }],
      ['a recovery code of nothing', { recovery_code: '----- -----' }]
    ]
    for (const [what, proof] of rows) {
      await t.test(what, async (t) => {
        refused(t, await secondStep((await challenge(username)).mfa_token, proof), 401, 'MFA_CODE_INVALID')
      })
    }
  })

  await t.test('a token is good for one success', async (t) => {
    const { username, app, codes } = await enrolled()
    const { mfa_token } = await challenge(username)
    tokens(t, await secondStep(mfa_token, { totp: await app.next() }))
    refused(t, await secondStep(mfa_token, { recovery_code: codes[0] }), 401, 'MFA_TOKEN_INVALID')
    tokens(t, await secondStep((await challenge(username)).mfa_token, { recovery_code: codes[0] }))
  })

  await t.test('a token is good for five tries', async (t) => {
    const { username, app, codes } = await enrolled()
    const { mfa_token } = await challenge(username)
    const wrong = [{ totp: app.wrong() }, { recovery_code: 'x' }, { totp: app.wrong() }, { recovery_code: 'y' }]
    for (const proof of [...wrong, { totp: app.wrong() }]) {
      refused(t, await secondStep(mfa_token, proof), 401, 'MFA_CODE_INVALID')
    }
    refused(t, await secondStep(mfa_token, { totp: await app.next() }), 401, 'MFA_TOKEN_INVALID')
    const other = (await challenge(username)).mfa_token
    for (const proof of wrong) refused(t, await secondStep(other, proof), 401, 'MFA_CODE_INVALID')
    tokens(t, await secondStep(other, { recovery_code: codes[0] }))
  })

  await t.test('of many wrong codes at once, five are tried', async (t) => {
    const { username, app, codes } = await enrolled()
    const { mfa_token } = await challenge(username)
    const totp = app.wrong()
    const answers = await Promise.all(Array.from({ length: 30 }, () => secondStep(mfa_token, { totp })))
    t.strictSame(tally(answers), { '401 MFA_CODE_INVALID': 5, '401 MFA_TOKEN_INVALID': 25 })
    refused(t, await secondStep(mfa_token, { recovery_code: codes[0] }), 401, 'MFA_TOKEN_INVALID')
  })

  await t.test('of many right answers at once, one gets tokens, and uses up one code', async (t) => {
    const rows: [string, (one: Awaited<ReturnType<typeof enrolled>>) => Promise<Record<string, unknown>[]>][] = [
      ['one code', async ({ app }) => Array(5).fill({ totp: await app.next() })],
      ['one recovery code', async ({ codes }) => Array(5).fill({ recovery_code: codes[0] })],
      ['five recovery codes', async ({ codes }) => codes.slice(0, 5).map((recovery_code) => ({ recovery_code }))],
      [
        'codes of both kinds',
        async ({ app, codes }) => [
          { totp: await app.next() },
          { recovery_code: codes[0] },
          { totp: await app.next() },
          { recovery_code: codes[1] },
          { recovery_code: codes[2] }
        ]
      ]
    ]
    for (const [what, prove] of rows) {
      await t.test(what, async (t) => {
        const one = await enrolled()
        const { mfa_token } = await challenge(one.username)
        const proofs = await prove(one)
        const before = await sessionsOf(factors, one.access_token)
        const answers = await Promise.all(proofs.map((proof) => secondStep(mfa_token, proof)))
        t.equal(answers.filter(({ status }) => status === 200).length, 1)
        for (const { status } of answers) t.ok(status === 200 || status === 401)
        t.equal(await sessionsOf(factors, one.access_token), before + 1)
        const winner = proofs[answers.findIndex(({ status }) => status === 200)] as object
        const used = 'recovery_code' in winner ? 1 : 0
        t.equal((await get('/mfa', one.access_token)).json.recovery_codes, 10 - used, 'what lost is not used up')
      })
    }
  })

  await t.test('of one code at many steps, one signs in', async (t) => {
    for (const kind of ['totp', 'recovery_code']) {
      await t.test(kind, async (t) => {
        const { username, app, codes } = await enrolled()
        const steps: string[] = []
        for (let i = 0; i < 10; i++) steps.push((await challenge(username)).mfa_token)
        const proof = { [kind]: kind === 'totp' ? await app.next() : codes[0] }
        const answers = await Promise.all(steps.flatMap((step) => Array(5).fill(step)).map((s) => secondStep(s, proof)))
        const { '200': won, ...rest } = tally(answers)
        t.equal(won, 1)
        t.strictSame(
          Object.keys(rest).filter((outcome) => !/^401 MFA_(?:CODE|TOKEN)_INVALID$/.test(outcome)),
          []
        )
      })
    }
  })

  await t.test('a code is good once, wherever, and none before it any more', async (t) => {
    const one = await enrolled()
    await pass(CONTRACT_URL ? 60 : 300)
    const { access_token } = await refresh(one)
    const [earlier, present] = [one.app.at(0), one.app.at(1)]
    tokens(t, await secondStep((await challenge(one.username)).mfa_token, { totp: present }))
    for (const totp of [present, earlier]) {
      refused(t, await secondStep((await challenge(one.username)).mfa_token, { totp }), 401, 'MFA_CODE_INVALID')
      refused(t, await post('/token/step-up', access_token, { totp }), 401, 'MFA_CODE_INVALID')
    }
  })

  await t.test('a code that confirmed cannot sign in', async (t) => {
    const one = await account()
    const { secret } = (await post('/mfa/totp', one.access_token)).json
    const totp = await factors.appOf(secret).next()
    t.equal((await post('/mfa/totp/confirm', one.access_token, { totp })).status, 200)
    refused(t, await secondStep((await challenge(one.username)).mfa_token, { totp }), 401, 'MFA_CODE_INVALID')
  })

  await t.test('a token is void once the account has changed', async (t) => {
    const changes: [string, (one: Awaited<ReturnType<typeof enrolled>>, t: Test) => Promise<Answer>][] = [
      [
        'another password',
        ({ access_token }) =>
          post('/password/change', access_token, { current_password: PASSWORD, new_password: 'another horse, another' })
      ],
      ['the second step off', ({ access_token }) => patch('/mfa', access_token, { required: false })],
      ['no app', ({ access_token }) => remove('/mfa/totp', access_token)],
      ['other recovery codes', ({ access_token }) => post('/mfa/recovery-codes', access_token)],
      [
        'another app',
        async ({ access_token }) => {
          const { secret } = (await post('/mfa/totp', access_token)).json
          return post('/mfa/totp/confirm', access_token, { totp: await factors.appOf(secret).next() })
        }
      ],
      [
        'a passkey more',
        async ({ access_token }) => {
          const credential = factors.authenticator().create(await factors.creationOptions(access_token))
          return post('/passkeys', access_token, { credential })
        }
      ],
      ['no account', ({ access_token }) => remove('/me', access_token, { current_password: PASSWORD })]
    ]
    for (const [what, change] of changes) {
      await t.test(what, async (t) => {
        const one = await enrolled()
        const { mfa_token } = await challenge(one.username)
        const answer = await change(one, t)
        t.ok(answer.status < 300, `${answer.status} ${answer.body}`)
        refused(t, await secondStep(mfa_token, { recovery_code: one.codes[0] }), 401, 'MFA_TOKEN_INVALID')
        refused(t, await secondStep(mfa_token, { totp: await one.app.next() }), 401, 'MFA_TOKEN_INVALID')
      })
    }
  })

  await t.test('a token stays good where nothing changes how one signs in', async (t) => {
    const { username, app, access_token } = await enrolled()
    const { mfa_token } = await challenge(username)
    await patch('/me', access_token, { username: unique() })
    await remove('/sessions', access_token)
    await post('/mfa/totp', access_token)
    tokens(t, await secondStep(mfa_token, { totp: await app.next() }))
  })

  await t.test('steps at once do not void one another', async (t) => {
    const { username, app, codes } = await enrolled()
    const [first, second] = [await challenge(username), await challenge(username)]
    tokens(t, await secondStep(first.mfa_token, { totp: await app.next() }))
    tokens(t, await secondStep(second.mfa_token, { recovery_code: codes[0] }))
  })

  await t.test('with a passkey', async (t) => {
    const one = await enrolled()
    const { key } = await factors.addPasskey(one.access_token)
    const asked = { factors: ['totp', 'recovery_code', 'passkey'], expires_in: 300 } as const

    await t.test('the challenge lists it', async (t) => {
      const answer = await login(one.username)
      const expected = { ...asked, mfa_token: 'token', public_key: 'options' } as const
      refused(t, answer, 403, 'MFA_REQUIRED', { challenge: expected })
      const { public_key } = answer.json.challenge
      t.match(public_key, { userVerification: 'required', timeout: 300_000, rpId: String })
      t.strictSame(
        public_key.allowCredentials.map(({ id, type }: { id: string; type: string }) => ({ id, type })),
        [{ id: key.id, type: 'public-key' }]
      )
    })

    await t.test('its answer to this step ends it', async (t) => {
      const { mfa_token, public_key } = await challenge(one.username)
      const credential = key.get(public_key)
      const answer = await secondStep(mfa_token, { credential })
      tokens(t, answer)
      t.strictSame(assuranceOf(answer.json.access_token), PWD_PASSKEY)
      refused(t, await secondStep(mfa_token, { credential }), 401, 'MFA_TOKEN_INVALID')
      const other = await challenge(one.username)
      refused(t, await secondStep(other.mfa_token, { credential }), 401, 'MFA_CODE_INVALID')
    })

    await t.test('an answer to anything else does not', async (t) => {
      const stranger = await enrolled()
      const { key: strange } = await factors.addPasskey(stranger.access_token)
      const other = await challenge(one.username)
      const signedIn = (await factors.usePasskey(key)).json as SignedIn
      const rows: [string, (options: { challenge: string }) => Promise<unknown> | unknown][] = [
        ['another step', () => key.get(other.public_key)],
        ['a sign-in', async () => key.get(await factors.requestOptions())],
        [
          'a registration',
          async () => {
            const { challenge, rp } = await factors.creationOptions(signedIn.access_token)
            return key.get({ challenge, rpId: rp.id })
          }
        ],
        [
          'a challenge of its own',
          (options) => key.get({ ...options, challenge: randomBytes(54).toString('base64url') })
        ],
        ["another account's passkey", (options) => strange.get(options)],
        [
          "another account's user handle",
          (options) => key.get(options, { response: { userHandle: Buffer.alloc(16).toString('base64url') } })
        ],
        ['no user verification', (options) => key.get(options, { flags: 1 })],
        ['another origin', (options) => key.get(options, { clientData: { origin: 'https://evil.example' } })],
        ['another signature', (options) => key.get(options, { signature: (bytes) => Buffer.alloc(bytes.length, 1) })]
      ]
      for (const [what, answer] of rows) {
        await t.test(what, async (t) => {
          const { mfa_token, public_key } = await challenge(one.username)
          const credential = await answer(public_key)
          refused(t, await secondStep(mfa_token, { credential }), 401, 'MFA_CODE_INVALID')
        })
      }
      tokens(t, await secondStep(other.mfa_token, { credential: key.get(other.public_key) }))
    })

    await t.test('the challenge of a step signs in nowhere else', async (t) => {
      const { public_key } = await challenge(one.username)
      const answer = await factors.client.request({ path: '/login/passkey', body: { credential: key.get(public_key) } })
      refused(t, answer, 401, 'PASSKEY_INVALID')
    })

    await t.test('signing in with it asks for nothing more', async (t) => {
      const answer = await factors.usePasskey(key)
      tokens(t, answer)
      t.strictSame(assuranceOf(answer.json.access_token), PASSKEY)
    })
  })

  await t.test('a route of the second step takes no bearer token in place of its own', async (t) => {
    const answer = await factors.client.request({
      path: '/login/mfa',
      headers: bearer(phoned.access_token),
      body: { totp: phoned.app.wrong() }
    })
    unfit(t, answer, 'an access token')
  })
})

if (CONTRACT_URL === undefined) {
  test('The second step, while time passes', async (t) => {
    const factors = await createFactors(t)
    const { enrolled, challenge, secondStep, pass, seconds } = factors
    /** Goes to the middle of a step, where the present one is certain. */
    const settle = () => pass(45 - (seconds() % 30))

    await t.test('a token is good for 300 s', async (t) => {
      const { username, codes } = await enrolled()
      const early = await challenge(username)
      const late = await challenge(username)
      await pass(295)
      tokens(t, await secondStep(early.mfa_token, { recovery_code: codes[0] }))
      await pass(10)
      refused(t, await secondStep(late.mfa_token, { recovery_code: codes[1] }), 401, 'MFA_TOKEN_INVALID')
    })

    await t.test('a code of the app is good in its own step, the one before and the one after', async (t) => {
      for (const [steps, good] of [
        [-2, false],
        [-1, true],
        [0, true],
        [1, true],
        [2, false],
        [1000, false],
        [-1000, false]
      ] as const) {
        const { username, app } = await enrolled()
        await pass(120)
        await settle()
        const answer = await secondStep((await challenge(username)).mfa_token, { totp: app.at(steps) })
        if (good) tokens(t, answer)
        else refused(t, answer, 401, 'MFA_CODE_INVALID')
      }
    })

    await t.test('the answer of a passkey is good for 300 s', async (t) => {
      const { username, access_token } = await enrolled()
      const { key } = await factors.addPasskey(access_token)
      const { mfa_token, public_key } = await challenge(username)
      await pass(301)
      refused(t, await secondStep(mfa_token, { credential: key.get(public_key) }), 401, 'MFA_TOKEN_INVALID')
    })

    await t.test('LIMITS=off leaves the 100 wrong codes in a row', async (t) => {
      const { username, app, codes } = await enrolled()
      for (let step = 0; step < 20; step++) {
        const { mfa_token } = await challenge(username)
        const totp = app.wrong()
        const answers = await Promise.all(Array.from({ length: 5 }, () => secondStep(mfa_token, { totp })))
        t.strictSame(outcomes(answers), Array(5).fill('401 MFA_CODE_INVALID'))
      }
      await pass(86_400)
      const asked = await challenge(username)
      t.strictSame(asked.factors, ['recovery_code'], 'the app is not offered')
      refused(t, await secondStep(asked.mfa_token, { totp: await app.next() }), 401, 'MFA_CODE_INVALID')
      tokens(t, await secondStep(asked.mfa_token, { recovery_code: codes[0] }))
      const next = await challenge(username)
      t.strictSame(next.factors, ['totp', 'recovery_code'], 'another factor brings it back')
      tokens(t, await secondStep(next.mfa_token, { totp: await app.next() }))
    })

    await t.test('a right code begins the count of wrong ones anew', async (t) => {
      const { username, app } = await enrolled()
      const fail = async (count: number) => {
        const { mfa_token } = await challenge(username)
        const totp = app.wrong()
        await Promise.all(Array.from({ length: count }, () => secondStep(mfa_token, { totp })))
      }
      for (let step = 0; step < 19; step++) await fail(5)
      await fail(4)
      tokens(t, await secondStep((await challenge(username)).mfa_token, { totp: await app.next() }))
      await fail(5)
      tokens(t, await secondStep((await challenge(username)).mfa_token, { totp: await app.next() }))
    })
  })
}
