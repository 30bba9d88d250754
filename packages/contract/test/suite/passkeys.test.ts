import { type Test, test } from 'tap'
import { type Changes, cbor, FLAGS } from './authenticator.ts'
import { type Answer, bearer, CONTRACT_URL, unique } from './client.ts'
import { leakOf, refused } from './expectations.ts'
import { createFactors, type SignedIn } from './factors.ts'

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/
const UNKNOWN_ID = '0198a3c2-7f00-7000-8000-000000000000'
const { present, verified, backupEligible, backedUp } = FLAGS

function done(t: Test, { status, body, headers }: Answer): void {
  t.strictSame([status, body, headers['cache-control']], [204, '', 'no-store'])
}

test('Passkeys of an account', async (t) => {
  const factors = await createFactors(t)
  const { account, get, post, patch, remove, authenticator, creationOptions, addPasskey, usePasskey } = factors
  const list = async (access_token: string) => (await get('/passkeys', access_token)).json
  const add = (access_token: string, credential: unknown, more: object = {}) =>
    post('/passkeys', access_token, { credential, ...more })

  await t.test('POST /passkeys/options answers with options for a browser', async (t) => {
    const { access_token, username, user } = await account()
    const { status, json, headers } = await post('/passkeys/options', access_token)
    t.strictSame([status, Object.keys(json).sort(), json.expires_in], [200, ['expires_in', 'public_key'], 300])
    t.equal(headers['cache-control'], 'no-store')
    const { public_key: options } = json
    t.match(options, {
      attestation: 'none',
      timeout: 300_000,
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      user: { name: username, displayName: String },
      rp: { id: String, name: String }
    })
    t.strictSame(
      options.pubKeyCredParams.map(({ alg, type }: { alg: number; type: string }) => [alg, type]),
      [-8, -7, -257].map((alg) => [alg, 'public-key'])
    )
    const handle = Buffer.from(user.id.replaceAll('-', ''), 'hex').toString('base64url')
    t.equal(options.user.id, handle, 'the bytes of the id')
    t.equal(Buffer.from(options.challenge, 'base64url').length, 54)
    t.strictSame(options.excludeCredentials ?? [], [])
    t.not((await creationOptions(access_token)).challenge, options.challenge)
  })

  await t.test('the options exclude the passkeys that there are', async (t) => {
    const { access_token } = await account()
    const { key } = await addPasskey(access_token)
    await addPasskey((await account()).access_token)
    const { excludeCredentials } = await creationOptions(access_token)
    t.strictSame(
      excludeCredentials.map(({ id, type, transports }: Record<string, unknown>) => ({ id, type, transports })),
      [{ id: key.id, type: 'public-key', transports: ['internal'] }]
    )
  })

  await t.test('POST /passkeys answers 201 with the passkey', async (t) => {
    const { access_token, user } = await account()
    for (const [kind, flags] of [
      [{ algorithm: 'ES256' }, { backup_eligible: false, backed_up: false }],
      [
        { algorithm: 'EdDSA', synced: true },
        { backup_eligible: true, backed_up: true }
      ],
      [{ algorithm: 'RS256' }, { backup_eligible: false, backed_up: false }]
    ] as const) {
      const key = authenticator(kind)
      const { status, json, headers } = await add(access_token, key.create(await creationOptions(access_token)))
      t.equal(status, 201)
      t.equal(headers['cache-control'], 'no-store')
      const { id, created_at, ...rest } = json
      t.strictSame(rest, { credential_id: key.id, name: 'Passkey', last_used_at: null, ...flags })
      t.match(id, UUID)
      t.ok(Math.abs(Date.parse(created_at) / 1000 - factors.seconds()) < 60)
      t.equal((await usePasskey(key)).status, 200)
    }
    const { rp_id, user_handle, passkeys, ...rest } = await list(access_token)
    t.strictSame([rest, passkeys.length], [{}, 3])
    t.type(rp_id, 'string')
    t.equal(user_handle, Buffer.from(user.id.replaceAll('-', ''), 'hex').toString('base64url'))
    for (const passkey of passkeys) {
      t.strictSame(Object.keys(passkey).sort(), [
        'backed_up',
        'backup_eligible',
        'created_at',
        'credential_id',
        'id',
        'last_used_at',
        'name'
      ])
      t.ok(Math.abs(Date.parse(passkey.last_used_at) / 1000 - factors.seconds()) < 60)
    }
  })

  await t.test('it may have a name, of 1 to 64 characters', async (t) => {
    const { access_token } = await account()
    const key = async () => authenticator().create(await creationOptions(access_token))
    for (const name of ['x', 'Größe 😀', '😀'.repeat(64), '<script>', '  ']) {
      const { status, json } = await add(access_token, await key(), { name })
      t.strictSame([status, json.name], [201, name])
    }
    const errors = [{ path: '/name' }]
    for (const name of ['', 'x'.repeat(65), '😀'.repeat(65), 'a\nb', 'a\u0007b', 'a\u009bb', '\u007f', 5, null]) {
      refused(t, await add(access_token, await key(), { name }), 400, 'VALIDATION_FAILED', { errors })
    }
    const { json } = await add(
      access_token,
      authenticator({ aaguid: 'ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4' }).create(await creationOptions(access_token))
    )
    t.equal(json.name, 'Google Password Manager', 'else the AAGUID names it')
  })

  await t.test('PATCH /passkeys/:id renames it', async (t) => {
    const { access_token } = await account()
    const { passkey } = await addPasskey(access_token, {}, 'Phone')
    const rename = (id: string, name: unknown, it = access_token) => patch(`/passkeys/${id}`, it, { name })
    const { status, json } = await rename(passkey.id, 'Laptop')
    t.strictSame([status, json], [200, { ...passkey, name: 'Laptop' }])
    t.strictSame((await list(access_token)).passkeys, [json])
    const errors = [{ path: '/name' }]
    for (const name of ['', 'x'.repeat(65), 'a\tb', '\u0000'.replace('\0', '\u0001'), 5, null]) {
      refused(t, await rename(passkey.id, name), 400, 'VALIDATION_FAILED', { errors })
    }
    refused(t, await patch(`/passkeys/${passkey.id}`, access_token, {}), 400, 'VALIDATION_FAILED', { errors })
    const stranger = await account()
    refused(t, await rename(passkey.id, 'Mine', stranger.access_token), 404, 'NOT_FOUND')
    refused(t, await rename(UNKNOWN_ID, 'Mine'), 404, 'NOT_FOUND')
    refused(t, await rename('x', 'Mine'), 400, 'VALIDATION_FAILED', { errors: [{ path: '/id' }] })
    t.equal((await list(access_token)).passkeys[0].name, 'Laptop')
  })

  await t.test('DELETE /passkeys/:id deletes it', async (t) => {
    const { access_token } = await account()
    const { key, passkey } = await addPasskey(access_token)
    const other = await addPasskey(access_token)
    const stranger = await account()
    refused(t, await remove(`/passkeys/${passkey.id}`, stranger.access_token), 404, 'NOT_FOUND')
    refused(t, await remove(`/passkeys/${UNKNOWN_ID}`, access_token), 404, 'NOT_FOUND')
    refused(t, await remove('/passkeys/x', access_token), 400, 'VALIDATION_FAILED', { errors: [{ path: '/id' }] })
    done(t, await remove(`/passkeys/${passkey.id}`, access_token))
    refused(t, await remove(`/passkeys/${passkey.id}`, access_token), 404, 'NOT_FOUND')
    refused(t, await usePasskey(key), 401, 'PASSKEY_UNKNOWN')
    t.equal((await usePasskey(other.key)).status, 200)
    t.strictSame(
      (await list(access_token)).passkeys.map(({ id }: { id: string }) => id),
      [other.passkey.id]
    )
    done(t, await remove(`/passkeys/${other.passkey.id}`, access_token))
    t.strictSame((await list(access_token)).passkeys, [])
    t.equal((await get('/mfa', access_token)).json.passkeys, 0)
  })

  await t.test('what is not acceptable is PASSKEY_REJECTED', async (t) => {
    const { access_token } = await account()
    const other = await account()
    const session = (await factors.login(other.username)).json as SignedIn
    const elsewhere = async () => (await creationOptions(session.access_token)).challenge
    const host = new URL(factors.client.issuer).hostname
    const stale = async () => Buffer.concat([Buffer.alloc(6), Buffer.alloc(48, 7)]).toString('base64url')
    const rows: [string, Changes | (() => Promise<Changes>)][] = [
      ['a challenge of its own', async () => ({ clientData: { challenge: await stale() } })],
      ['an empty challenge', { clientData: { challenge: '' } }],
      ['the challenge of another account', async () => ({ clientData: { challenge: await elsewhere() } })],
      [
        'the challenge of a sign-in',
        async () => ({ clientData: { challenge: (await factors.requestOptions()).challenge } })
      ],
      ['another origin', { clientData: { origin: 'https://evil.example' } }],
      ['an origin below ours', { clientData: { origin: `https://x.${host}` } }],
      [
        'an origin that begins with ours',
        { clientData: { origin: `${new URL(factors.client.issuer).origin}.evil.example` } }
      ],
      ['an origin with a slash', { clientData: { origin: `${new URL(factors.client.issuer).origin}/` } }],
      ['the origin null', { clientData: { origin: 'null' } }],
      ['no origin', { clientData: { origin: undefined } }],
      ['a list of origins', { clientData: { origin: [new URL(factors.client.issuer).origin] } }],
      ['another type', { clientData: { type: 'webauthn.get' } }],
      ['crossOrigin', { clientData: { crossOrigin: true } }],
      ['topOrigin', { clientData: { crossOrigin: true, topOrigin: 'https://evil.example' } }],
      ['another RP ID', { rpId: 'evil.example' }],
      ['no user presence', { flags: verified }],
      ['no user verification', { flags: present }],
      ['backed up, but not eligible', { flags: present | verified | backedUp }],
      ['client data that is null', { clientDataJSON: 'null' }],
      ['client data that is no JSON', { clientDataJSON: '{' }],
      ['client data that is a list', { clientDataJSON: '[]' }],
      ['an attestation that is no CBOR', { attestationObject: Buffer.from('rubbish') }],
      ['an empty attestation', { attestationObject: Buffer.alloc(0) }],
      ['an attestation that is a number', { attestationObject: cbor(5) }],
      [
        'an attestation without data',
        {
          attestationObject: cbor([
            ['fmt', 'none'],
            ['attStmt', []]
          ])
        }
      ],
      ['a CBOR bomb', { attestationObject: Buffer.concat([Buffer.alloc(8_000, 0x81), Buffer.from([0])]) }],
      ['a huge array', { attestationObject: Buffer.from('9affffffff', 'hex') }],
      ['a huge map', { attestationObject: Buffer.from('bbffffffffffffffff', 'hex') }],
      [
        'an attestation of a chain',
        {
          fmt: 'packed',
          attStmt: [
            ['alg', -7],
            ['sig', Buffer.alloc(70)],
            ['x5c', []]
          ]
        }
      ],
      [
        'an attestation of Android',
        {
          fmt: 'android-safetynet',
          attStmt: [
            ['ver', 'x'],
            ['response', Buffer.alloc(9)]
          ]
        }
      ],
      ['an attestation of U2F', { fmt: 'fido-u2f', attStmt: [['sig', Buffer.alloc(70)]] }],
      ['an unknown attestation', { fmt: 'x' }],
      ['another type of credential', { credential: { type: 'password' } }]
    ]
    for (const [what, changes] of rows) {
      await t.test(what, async (t) => {
        const given = typeof changes === 'function' ? await changes() : changes
        const answer = await add(access_token, authenticator().create(await creationOptions(access_token), given))
        const { status, json, body } = answer
        // What is not of its type already may be named by the schema.
        if (json?.code === 'VALIDATION_FAILED') t.equal(status, 400)
        else refused(t, answer, 400, 'PASSKEY_REJECTED')
        t.notOk(leakOf(body))
        t.notMatch(body, /evil\.example/)
      })
    }
    for (const algorithm of ['ES384'] as const) {
      const credential = authenticator({ algorithm }).create(await creationOptions(access_token))
      refused(t, await add(access_token, credential), 400, 'PASSKEY_REJECTED')
    }
    const long = authenticator({ credentialId: Buffer.alloc(1024, 1) })
    refused(t, await add(access_token, long.create(await creationOptions(access_token))), 400, 'PASSKEY_REJECTED')
    t.strictSame((await list(access_token)).passkeys, [])
    const longest = authenticator({ credentialId: Buffer.alloc(1023, Math.floor(Math.random() * 255)) })
    t.equal((await add(access_token, longest.create(await creationOptions(access_token)))).status, 201)
    t.equal((await usePasskey(longest)).status, 200)
  })

  await t.test('the id is the one that the authenticator attested, whatever the JSON says', async (t) => {
    const { access_token } = await account()
    const key = authenticator()
    const credential = key.create(await creationOptions(access_token), { credential: { id: 'AAAA', rawId: 'AAAA' } })
    const { status, json } = await add(access_token, credential)
    if (status === 201) t.equal(json.credential_id, key.id)
    else t.equal(json.code, 'PASSKEY_REJECTED')
  })

  await t.test('a challenge registers one passkey, of the session that got it', async (t) => {
    const one = await account()
    const other = (await factors.login(one.username)).json as SignedIn
    const options = await creationOptions(one.access_token)
    refused(t, await add(other.access_token, authenticator().create(options)), 400, 'PASSKEY_REJECTED')
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => add(one.access_token, authenticator().create(options)))
    )
    const won = answers.filter(({ status }) => status === 201)
    t.equal(won.length, 1)
    for (const answer of answers) if (answer.status !== 201) refused(t, answer, 400, 'PASSKEY_REJECTED')
    t.equal((await list(one.access_token)).passkeys.length, 1)
  })

  await t.test('a passkey is registered once, by whomever', async (t) => {
    const [one, other] = [await account(), await account()]
    const { key } = await addPasskey(one.access_token)
    for (const { access_token } of [one, other]) {
      const credential = key.create(await creationOptions(access_token))
      refused(t, await add(access_token, credential), 400, 'PASSKEY_REJECTED')
    }
    t.equal((await list(one.access_token)).passkeys.length, 1)
    t.equal((await list(other.access_token)).passkeys.length, 0)
  })

  await t.test('unknown keys within a credential are ignored, and only there', async (t) => {
    const { access_token } = await account()
    const key = authenticator()
    const credential = key.create(await creationOptions(access_token), {
      credential: { clientExtensionResults: { credProps: { rk: true }, prf: { enabled: [] } }, newKey: { a: [1] } },
      response: {
        publicKey: 'AAAA',
        publicKeyAlgorithm: -7,
        authenticatorData: 'AAAA',
        more: null,
        transports: ['internal', 'hybrid', 'new-one']
      }
    })
    refused(t, await add(access_token, credential, { more: 1 }), 400, 'VALIDATION_FAILED', {
      errors: [{ path: '/more' }]
    })
    t.equal((await add(access_token, credential)).status, 201)
    const answer = await usePasskey(key, { credential: { authenticatorAttachment: 'new', x: 1 }, response: { y: {} } })
    t.equal(answer.status, 200)
  })

  await t.test('hostile credentials are a 400', async (t) => {
    const { access_token } = await account()
    const honest = authenticator().create(await creationOptions(access_token)) as Record<string, never>
    const values: unknown[] = [
      null,
      true,
      5,
      -1,
      1e300,
      '',
      'x',
      '😀',
      '='.repeat(99),
      [],
      [[]],
      {},
      { toString: 1 },
      'A'.repeat(12_000)
    ]
    for (const member of ['id', 'rawId', 'type', 'response'] as const) {
      for (const value of [...values, undefined]) {
        const { status, json, body } = await add(access_token, { ...honest, [member]: value })
        t.ok(status === 400 && ['VALIDATION_FAILED', 'PASSKEY_REJECTED'].includes(json.code), `${member}: ${body}`)
        t.notOk(leakOf(body))
      }
    }
    for (const member of ['clientDataJSON', 'attestationObject'] as const) {
      for (const value of [...values, undefined]) {
        const response = { ...(honest.response as unknown as object), [member]: value }
        const { status, json, body } = await add(access_token, { ...honest, response })
        t.ok(status === 400 && ['VALIDATION_FAILED', 'PASSKEY_REJECTED'].includes(json.code), `${member}: ${body}`)
      }
    }
    t.strictSame((await list(access_token)).passkeys, [])
    for (const transports of [
      null,
      5,
      'usb',
      [5],
      [null],
      ['x'.repeat(5_000)],
      Array(2_000).fill('usb'),
      [['usb']],
      {}
    ]) {
      const credential = authenticator().create(await creationOptions(access_token), { response: { transports } })
      const { status, json, body } = await add(access_token, credential)
      t.ok(status === 201 || (status === 400 && json.code !== undefined), body)
      if (status === 201) await remove(`/passkeys/${json.id}`, access_token)
    }
  })

  await t.test('what does not fit is refused, but a missing token first', async (t) => {
    const { access_token, refresh_token } = await account()
    const rows: [(it?: string) => Promise<Answer>, string[]][] = [
      [(it) => post('/passkeys', it, {}), ['/credential']],
      [(it) => post('/passkeys', it, { credential: null }), ['/credential']],
      [(it) => post('/passkeys', it, { credential: 'x', label: 'x' }), ['/credential', '/label']],
      [(it) => get('/passkeys?limit=1', it), ['/limit']]
    ]
    for (const [ask, paths] of rows) {
      const errors = paths.map((path) => ({ path }))
      refused(t, await ask(access_token), 400, 'VALIDATION_FAILED', { errors })
      refused(t, await ask(), 401, 'TOKEN_MISSING')
      refused(t, await ask('x'), 401, 'TOKEN_INVALID')
    }
    await factors.client.request({ path: '/logout', body: { refresh_token } })
    for (const ask of [
      () => get('/passkeys', access_token),
      () => post('/passkeys/options', access_token),
      () => post('/passkeys', access_token, {}),
      () => patch(`/passkeys/${UNKNOWN_ID}`, access_token, { name: 'x' }),
      () => remove(`/passkeys/${UNKNOWN_ID}`, access_token)
    ]) {
      refused(t, await ask(), 401, 'TOKEN_INVALID')
    }
  })

  await t.test('an account has 20 at most', async (t) => {
    const { access_token } = await account()
    const late = await creationOptions(access_token)
    for (let count = 0; count < 18; count++) await addPasskey(access_token)
    const three = [late, await creationOptions(access_token), await creationOptions(access_token)]
    const answers = await Promise.all(three.map((options) => add(access_token, authenticator().create(options))))
    t.strictSame(answers.map(({ status }) => status).sort(), [201, 201, 403], 'also when they come at once')
    refused(t, answers.find(({ status }) => status === 403) as Answer, 403, 'FORBIDDEN')
    t.equal((await list(access_token)).passkeys.length, 20, 'all of them are listed')
    const { status, json } = await post('/passkeys/options', access_token)
    t.ok(status === 200 || json.code === 'FORBIDDEN')
    const [{ id }] = (await list(access_token)).passkeys
    await remove(`/passkeys/${id}`, access_token)
    t.equal((await add(access_token, authenticator().create(await creationOptions(access_token)))).status, 201)
  })

  await t.test('GET /.well-known/webauthn is absent where every origin is below the RP ID', async (t) => {
    refused(t, await get('/.well-known/webauthn'), 404, 'NOT_FOUND')
  })

  await t.test('a passkey of another account is neither shown nor touched', async (t) => {
    const [one, other] = [await account(), await account()]
    const { passkey } = await addPasskey(one.access_token)
    t.strictSame((await list(other.access_token)).passkeys, [])
    refused(t, await remove(`/passkeys/${passkey.id.toUpperCase()}`, other.access_token), 404, 'NOT_FOUND')
    const { json } = await factors.client.request({ path: '/passkeys', headers: bearer(one.access_token) })
    t.equal(json.passkeys.length, 1)
  })

  await t.test('eligibility for backup is told as it was registered', async (t) => {
    const { access_token } = await account()
    const key = authenticator({ synced: true })
    const flags = present | verified | backupEligible
    const { json } = await add(access_token, key.create(await creationOptions(access_token), { flags }))
    t.match(json, { backup_eligible: true, backed_up: false })
    t.equal((await usePasskey(key)).status, 200, 'backed up since')
    t.match((await list(access_token)).passkeys, [{ backup_eligible: true, backed_up: true }])
  })
})

if (CONTRACT_URL === undefined) {
  test('Passkeys, while time passes', async (t) => {
    const factors = await createFactors(t)
    const { access_token } = await factors.account()
    const options = await factors.creationOptions(access_token)
    const key = factors.authenticator()
    await factors.pass(301)
    const late = await factors.post('/passkeys', access_token, { credential: key.create(options) })
    refused(t, late, 400, 'PASSKEY_REJECTED')
  })

  for (const PUBLIC_URL of ['https://192.0.2.1', 'https://[2001:db8::1]', 'http://auth.example.com']) {
    test(`Passkeys are absent on ${PUBLIC_URL}`, async (t) => {
      const factors = await createFactors(t, { PUBLIC_URL })
      const { get, post, patch, remove, client } = factors
      const one = await factors.enrolled()
      for (const ask of [
        () => get('/passkeys', one.access_token),
        () => post('/passkeys/options', one.access_token),
        () => post('/passkeys', one.access_token, { credential: {} }),
        () => patch(`/passkeys/${UNKNOWN_ID}`, one.access_token, { name: 'x' }),
        () => remove(`/passkeys/${UNKNOWN_ID}`, one.access_token),
        () => post('/login/passkey/options', undefined, {}),
        () => post('/login/passkey', undefined, { credential: {} }),
        () => get('/.well-known/webauthn')
      ]) {
        refused(t, await ask(), 404, 'NOT_FOUND')
      }
      t.equal((await get('/mfa', one.access_token)).json.passkeys, 0)
      t.strictSame((await factors.challenge(one.username)).factors, ['totp', 'recovery_code'])
      const { mfa_token } = await factors.challenge(one.username)
      const key = factors.authenticator()
      key.create({ challenge: 'x', rp: { id: 'x' }, user: { id: 'AAAAAAAAAAAAAAAAAAAAAA' } })
      const credential = key.get({ challenge: 'x', rpId: 'x' })
      refused(t, await factors.secondStep(mfa_token, { credential }), 401, 'MFA_CODE_INVALID')
      t.equal((await client.request({ path: '/health/ready' })).status, 200)
    })
  }

  test('Passkeys on this machine are of localhost', async (t) => {
    for (const [PUBLIC_URL, origins] of [
      ['http://127.0.0.1:3000', ['http://localhost:3000']],
      ['http://localhost:3000', ['http://localhost:3000']],
      ['http://[::1]:3000', ['http://localhost:3000']]
    ] as const) {
      await t.test(PUBLIC_URL, async (t) => {
        const factors = await createFactors(t, { PUBLIC_URL })
        const { access_token } = await factors.account()
        const options = await factors.creationOptions(access_token)
        t.equal(options.rp.id, 'localhost')
        for (const origin of origins) {
          const credential = factors
            .authenticator()
            .create(await factors.creationOptions(access_token), { clientData: { origin } })
          t.equal((await factors.post('/passkeys', access_token, { credential })).status, 201, origin)
        }
        for (const origin of ['http://localhost:3001', 'http://localhost', 'https://localhost:3000']) {
          const credential = factors
            .authenticator()
            .create(await factors.creationOptions(access_token), { clientData: { origin } })
          refused(t, await factors.post('/passkeys', access_token, { credential }), 400, 'PASSKEY_REJECTED')
        }
      })
    }
  })

  test('Passkeys of a domain and of other origins', async (t) => {
    const factors = await createFactors(t, {
      PUBLIC_URL: 'https://auth.example.com',
      PASSKEY_RP_ID: 'example.com',
      SERVICE_NAME: 'Example',
      CORS_ORIGINS: 'https://app.example.com,https://example.com,https://other.example',
      PASSKEY_ORIGINS:
        'https://auth.example.com,https://app.example.com,https://related.example,android:apk-key-hash:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU'
    })
    const { access_token } = await factors.account()
    const { rp } = await factors.creationOptions(access_token)
    t.strictSame(rp, { id: 'example.com', name: 'Example' })
    t.equal((await factors.get('/passkeys', access_token)).json.rp_id, 'example.com')
    for (const [origin, status] of [
      ['https://auth.example.com', 201],
      ['https://app.example.com', 201],
      ['https://related.example', 201],
      ['android:apk-key-hash:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU', 201],
      ['https://example.com', 400],
      ['https://other.example', 400]
    ] as const) {
      const options = await factors.creationOptions(access_token)
      const credential = factors.authenticator().create(options, { clientData: { origin } })
      t.equal((await factors.post('/passkeys', access_token, { credential })).status, status, origin)
    }
    const { status, headers, json } = await factors.get('/.well-known/webauthn')
    t.equal(status, 200)
    t.match(headers['content-type'], /^application\/json/)
    t.strictSame(Object.keys(json), ['origins'])
    t.ok(json.origins.includes('https://related.example'))
    t.ok(json.origins.every((origin: string) => origin.startsWith('https://')))
  })

  test('Passkeys take the origins of CORS_ORIGINS at the RP ID or below it', async (t) => {
    const factors = await createFactors(t, {
      PUBLIC_URL: 'https://example.com',
      CORS_ORIGINS: 'https://app.example.com,https://other.example,https://notexample.com'
    })
    const { access_token } = await factors.account({ username: unique() })
    for (const [origin, status] of [
      ['https://example.com', 201],
      ['https://app.example.com', 201],
      ['https://other.example', 400],
      ['https://notexample.com', 400]
    ] as const) {
      const options = await factors.creationOptions(access_token)
      const credential = factors.authenticator().create(options, { clientData: { origin } })
      t.equal((await factors.post('/passkeys', access_token, { credential })).status, status, origin)
    }
    refused(t, await factors.get('/.well-known/webauthn'), 404, 'NOT_FOUND')
  })
}
