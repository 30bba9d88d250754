import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import { disableAccount } from '../../../src/admin/accounts.ts'
import { sql } from '../../../src/database/sql.ts'
import { answer, BEARER, bearer, build, PASSWORD, post, refusal, signIn, testClock } from '../../helpers/app.ts'
import { type Changes, createAuthenticator } from '../../helpers/authenticator.ts'
import { migratedDatabase } from '../../helpers/database.ts'
import { enrolApp } from '../../helpers/enrolled.ts'
import { letters, tokenOf } from '../../helpers/letters.ts'
import { addPasskeyTo, ORIGIN, recorded, signInOptions, signInWith } from '../../helpers/passkeys.ts'

const INVALID = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'PASSKEY_INVALID', 'The passkey was not accepted.')
}
const UNKNOWN = {
  statusCode: 401,
  body: refusal(401, 'Unauthorized', 'PASSKEY_UNKNOWN', 'No account has this passkey.')
}

/** An account with a passkey. */
async function begin(fastify: FastifyInstance, username: string, kind?: Parameters<typeof createAuthenticator>[1]) {
  const { user, access_token: token } = await signIn(fastify, { username })
  const { authenticator } = await addPasskeyTo(fastify, token, kind && { kind })
  await recorded(fastify)
  return { user, token, authenticator }
}

test('POST /login/passkey', async (t) => {
  const clock = testClock()
  const fastify = await build(t, { clock })
  const ada = await begin(fastify, 'ada')

  await t.test('opens a session of two factors', async (t) => {
    await fastify.database.open().query(sql`UPDATE users SET roles = '{editor}' WHERE id = ${ada.user.id}`)
    const response = await signInWith(fastify, ada.authenticator)
    const { access_token, refresh_token } = response.json()
    t.strictSame(answer(response), {
      statusCode: 200,
      body: { access_token, token_type: 'Bearer', expires_in: 900, refresh_token }
    })
    const claims = await fastify.tokens.verify(access_token)
    t.match(claims, { sub: ada.user.id, preferred_username: 'ada', acr: 'aal2', roles: ['editor'] })
    t.strictSame(claims.amr, ['pop', 'user', 'mfa'])
    t.equal((await fastify.inject({ url: '/me', headers: bearer(access_token) })).statusCode, 200)
    t.equal((await post(fastify, '/token/refresh', { refresh_token })).statusCode, 200)
    t.strictSame(await recorded(fastify), [
      { action: 'login', account: ada.user.id, session: claims.sid, detail: { method: 'passkey' } }
    ])
  })

  await t.test('keeps the refresh token in a cookie in browser mode', async (t) => {
    const response = await signInWith(fastify, ada.authenticator, {}, { cookie: true })
    t.equal(response.statusCode, 200)
    t.notOk('refresh_token' in response.json())
    t.ok(response.cookies.some(({ name }) => name === 'refresh_token'))
  })

  await t.test('takes passkeys of each algorithm, synced or not', async (t) => {
    for (const algorithm of ['EdDSA', 'ES256', 'RS256'] as const) {
      for (const synced of [false, true]) {
        const { access_token: token } = await signInWith(fastify, ada.authenticator).then((response) => response.json())
        const { authenticator } = await addPasskeyTo(fastify, token, { kind: { algorithm, synced } })
        for (const _ of ['once', 'again']) t.equal((await signInWith(fastify, authenticator)).statusCode, 200)
      }
    }
    await recorded(fastify)
  })

  await t.test('refuses an answer in which anything is wrong, and does not tell what', async (t) => {
    const eve = await begin(fastify, 'eve')
    const stepUp = async () => {
      clock.advance(700)
      const { access_token: token } = (await signInWith(fastify, ada.authenticator)).json()
      clock.advance(601)
      const { challenge } = (await post(fastify, '/passkeys/options', {}, bearer(token))).json()
      await recorded(fastify)
      return challenge.public_key.challenge
    }
    const rows: [what: string, changes: Changes][] = [
      ['no challenge of ours', { challenge: Buffer.alloc(54).toString('base64url') }],
      ['a challenge of a step-up', { challenge: await stepUp() }],
      ['an answer of another kind', { type: 'webauthn.create' }],
      ['another origin', { origin: 'https://evil.example' }],
      ['a frame', { crossOrigin: true }],
      ['another RP ID', { rpId: '127.0.0.1' }],
      ['no user', { userPresent: false }],
      ['no verification', { userVerified: false }],
      ['another backup eligibility', { backupEligible: true }],
      ['a wrong signature', { signature: (bytes) => Buffer.from(bytes).fill(1, 10, 12) }],
      ['no signature', { signature: () => Buffer.alloc(0) }],
      [
        'the user handle of another',
        { userHandle: Buffer.from(eve.user.id.replaceAll('-', ''), 'hex').toString('base64url') }
      ],
      ['no user handle', { userHandle: undefined }],
      ['null as user handle', { userHandle: null }],
      ['an id that is not that of the raw id', { rawId: eve.authenticator.id }],
      ['no public key', { credentialType: 'password' }],
      ['client data that is no object', { clientData: 'null' }],
      ['short authenticator data', { authData: () => Buffer.alloc(3) }],
      ['a low counter and a wrong signature', { counter: 0, signature: () => Buffer.alloc(70, 1) }]
    ]
    for (const [what, changes] of rows) {
      const response = await signInWith(fastify, ada.authenticator, changes)
      t.strictSame(answer(response), INVALID, what)
      t.match(response.headers, BEARER, what)
      t.strictSame(
        await recorded(fastify),
        [
          {
            action: 'passkey login failed',
            account: what.startsWith('an id') ? null : ada.user.id,
            session: null,
            detail: { reason: 'invalid', method: 'passkey' }
          }
        ],
        what
      )
    }
    const credential = ada.authenticator.get(await signInOptions(fastify))
    for (const id of ['', '=', 'A', 'ä', `${credential.id}=`, 'A'.repeat(1400)]) {
      const { statusCode } = await post(fastify, '/login/passkey', { credential: { ...credential, id, rawId: id } })
      t.ok([400, 401].includes(statusCode), id)
    }
    await recorded(fastify)
  })

  await t.test('says where nobody has a passkey', async (t) => {
    const stranger = createAuthenticator(ORIGIN)
    stranger.create({ challenge: '', rp: { id: 'localhost' }, user: { id: 'AAAA' } })
    const response = await signInWith(fastify, stranger)
    t.strictSame(answer(response), UNKNOWN)
    t.match(response.headers, BEARER)
    t.strictSame(await recorded(fastify), [
      { action: 'passkey login failed', account: null, session: null, detail: { reason: 'unknown', method: 'passkey' } }
    ])
  })

  await t.test('takes each challenge once, also when it comes all at once', async (t) => {
    const credential = ada.authenticator.get(await signInOptions(fastify))
    const responses = await Promise.all(
      Array.from({ length: 10 }, () => post(fastify, '/login/passkey', { credential }))
    )
    t.strictSame(responses.map(({ statusCode }) => statusCode).sort(), [200, ...Array.from({ length: 9 }, () => 401)])
    t.strictSame(answer(await post(fastify, '/login/passkey', { credential })), INVALID)
    await recorded(fastify)
    const synced = await begin(fastify, 'synced', { synced: true })
    const again = synced.authenticator.get(await signInOptions(fastify))
    t.equal((await post(fastify, '/login/passkey', { credential: again })).statusCode, 200)
    t.strictSame(answer(await post(fastify, '/login/passkey', { credential: again })), INVALID)
    t.match(await recorded(fastify), [
      { action: 'login' },
      { action: 'passkey login failed', account: synced.user.id, detail: { reason: 'not usable' } }
    ])
  })

  await t.test('takes a challenge for five minutes', async (t) => {
    const [early, late] = [
      ada.authenticator.get(await signInOptions(fastify)),
      ada.authenticator.get(await signInOptions(fastify))
    ]
    clock.advance(290)
    t.equal((await post(fastify, '/login/passkey', { credential: early })).statusCode, 200)
    clock.advance(10)
    t.strictSame(answer(await post(fastify, '/login/passkey', { credential: late })), INVALID)
  })

  await t.test('refuses a disabled account as one whose passkey is invalid', async (t) => {
    const { user, authenticator } = await begin(fastify, 'grace')
    await disableAccount(fastify.database.open(), fastify.sessions.rules, 'grace')
    t.strictSame(answer(await signInWith(fastify, authenticator)), INVALID)
    t.match(await recorded(fastify), [
      { action: 'passkey login failed', account: user.id, detail: { reason: 'account disabled', method: 'passkey' } }
    ])
  })

  await t.test('lets TOTP be tried again', async (t) => {
    const { user, authenticator } = await begin(fastify, 'alan')
    const database = fastify.database.open()
    await enrolApp(database, fastify.deriveKey('totp secrets'), user.id)
    await database.query(sql`UPDATE totp SET wrong_codes = 100`)
    await signInWith(fastify, authenticator)
    t.strictSame(await database.query(sql`SELECT wrong_codes FROM totp`), [{ wrong_codes: 0 }])
  })

  await t.test('reads a body of its schema alone', async (t) => {
    const credential = ada.authenticator.get(await signInOptions(fastify))
    const more = { ...credential, nonsense: {}, response: { ...credential.response, nonsense: [] } }
    t.equal((await post(fastify, '/login/passkey', { credential: more })).statusCode, 200)
    const rows: [body: object, path: string, message: string][] = [
      [{}, '/credential', 'is required'],
      [{ credential, cookie: 1 }, '/cookie', 'must be boolean'],
      [{ credential, name: 'ada' }, '/name', 'is not a known key'],
      [{ credential: { ...credential, type: 1 } }, '/credential/type', 'must be string'],
      [
        { credential: { ...credential, response: { ...credential.response, signature: [] } } },
        '/credential/response/signature',
        'must be string'
      ]
    ]
    for (const [body, path, message] of rows) {
      t.strictSame(answer(await post(fastify, '/login/passkey', body)), {
        statusCode: 400,
        body: refusal(400, 'Bad Request', 'VALIDATION_FAILED', 'The request does not fit its schema.', [
          { path, message }
        ])
      })
    }
  })
})

test('a passkey whose counter does not go up raises the alarm', async (t) => {
  const fastify = await build(t)
  const { user, access_token: token } = await signIn(fastify, { email: 'ada@example.com' })
  await post(fastify, '/email/verify', { token: await tokenOf(fastify, 'verify-email'), password: PASSWORD })
  const { authenticator, response } = await addPasskeyTo(fastify, token)
  await letters(fastify)
  await recorded(fastify)
  const refused = {
    action: 'passkey login failed',
    account: user.id,
    detail: { reason: 'not usable', method: 'passkey' }
  }

  for (const counter of [1, 0]) {
    const credential = authenticator.get(await signInOptions(fastify), { counter })
    t.strictSame(answer(await post(fastify, '/login/passkey', { credential })), INVALID)
    t.match(await recorded(fastify), [refused, { action: 'passkey cloned', account: user.id }])
    const told = await letters(fastify)
    t.match(told, [{ template: 'security-notice', recipient: 'ada@example.com' }])
    t.strictSame(told[0]?.variables?.what, { text: 'passkey cloned' })

    t.strictSame(answer(await post(fastify, '/login/passkey', { credential })), INVALID, 'once for an answer')
    t.match(await recorded(fastify), [refused])
    t.strictSame(await letters(fastify), [])
  }
  t.match((await fastify.inject({ url: '/passkeys', headers: bearer(token) })).json().passkeys, [
    { id: response.json().id, last_used_at: null }
  ])
  t.equal((await signInWith(fastify, authenticator, { counter: 2 })).statusCode, 200, 'the passkey stays')

  const synced = (await addPasskeyTo(fastify, token, { kind: { synced: true } })).authenticator
  for (const counter of [7, 3, 0]) t.equal((await signInWith(fastify, synced, { counter })).statusCode, 200)
  const forever0 = (await addPasskeyTo(fastify, token, { changes: { counter: 0 } })).authenticator
  for (const counter of [0, 0]) t.equal((await signInWith(fastify, forever0, { counter })).statusCode, 200)
})

test('of two answers with one counter, one signs in and the other raises the alarm', async (t) => {
  const fastify = await build(t)
  const { user, authenticator } = await begin(fastify, 'ada')
  const credentials = [1, 2].map(async () => authenticator.get(await signInOptions(fastify), { counter: 5 }))
  const responses = await Promise.all(
    (await Promise.all(credentials)).map((credential) => post(fastify, '/login/passkey', { credential }))
  )
  t.strictSame(responses.map(({ statusCode }) => statusCode).sort(), [200, 401])
  const records = await recorded(fastify)
  t.match(
    records.filter((record) => 'action' in record && record.action === 'passkey cloned'),
    [{ account: user.id }]
  )
})

test('a challenge of one instance is good at another, and at one of them alone', async (t) => {
  const database = await migratedDatabase(t)
  const [here, there] = [await build(t, { database }), await build(t, { database })]
  const { authenticator } = await begin(here, 'ada')
  const credential = authenticator.get(await signInOptions(here))
  const responses = await Promise.all([there, here, there].map((each) => post(each, '/login/passkey', { credential })))
  t.strictSame(responses.map(({ statusCode }) => statusCode).sort(), [200, 401, 401])
})

test('an address that must be verified has to be', async (t) => {
  const fastify = await build(t, { environment: { REQUIRE_VERIFIED_EMAIL: 'on' } })
  await post(fastify, '/register', { email: 'ada@example.com', password: PASSWORD })
  const database = fastify.database.open()
  await database.query(sql`UPDATE users SET email_verified = true`)
  const { access_token } = (await post(fastify, '/login', { email: 'ada@example.com', password: PASSWORD })).json()
  const { authenticator } = await addPasskeyTo(fastify, access_token)
  await database.query(sql`UPDATE users SET email_verified = false`)
  const credential = authenticator.get(await signInOptions(fastify))
  t.strictSame(answer(await post(fastify, '/login/passkey', { credential })), {
    statusCode: 403,
    body: refusal(403, 'Forbidden', 'EMAIL_UNVERIFIED', 'The email address has to be verified first.')
  })
  await database.query(sql`UPDATE users SET email_verified = true`)
  t.equal((await post(fastify, '/login/passkey', { credential })).statusCode, 200, 'and nothing was used up')
})

test('the device is known afterwards', async (t) => {
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  const { authenticator } = await begin(fastify, 'ada')
  t.ok((await signInWith(fastify, authenticator)).cookies.some(({ name }) => name === 'latchkey_device'))
})

test('sign-ins with passkeys and their options are counted together', async (t) => {
  const fastify = await build(t, { environment: { LIMITS: 'on' } })
  for (let asked = 0; asked < 119; asked += 1) await post(fastify, '/login/passkey/options', {})
  const credential = createAuthenticator(ORIGIN).get({ challenge: 'AAAA', rpId: 'localhost' })
  t.equal((await post(fastify, '/login/passkey', { credential })).statusCode, 401)
  for (const path of ['/login/passkey', '/login/passkey/options']) {
    const response = await post(fastify, path, path.endsWith('s') ? {} : { credential })
    t.equal(response.json().code, 'TOO_MANY_REQUESTS')
    t.match(response.headers['retry-after'], /^\d+$/)
  }
})
