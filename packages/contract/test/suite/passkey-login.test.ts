import { randomBytes } from 'node:crypto'
import { type Test, test } from 'tap'
import { type Changes, FLAGS } from './authenticator.ts'
import { type Answer, CONTRACT_URL } from './client.ts'
import { leakOf, refused } from './expectations.ts'
import { assuranceOf, claimsOf, createFactors, PASSKEY, type SignedIn, tally } from './factors.ts'

const { present, verified, backupEligible, backedUp } = FLAGS

function tokens(t: Test, { status, json, headers }: Answer, names = ['access_token', 'expires_in', 'refresh_token']) {
  t.equal(status, 200)
  t.equal(headers['cache-control'], 'no-store')
  t.strictSame(Object.keys(json ?? {}).sort(), [...names, 'token_type'].sort())
  t.match(json, { token_type: 'Bearer', expires_in: 900 })
}

test('Signing in with a passkey', async (t) => {
  const factors = await createFactors(t)
  const { account, enrolled, get, post, addPasskey, usePasskey, authenticator, requestOptions, creationOptions } =
    factors
  const signIn = (credential: unknown, more: object = {}) =>
    factors.client.request({ path: '/login/passkey', body: { credential, ...more } })
  const one = await account()
  const { key } = await addPasskey(one.access_token)

  await t.test('POST /login/passkey/options is the same for everybody', async (t) => {
    const { status, json, headers } = await post('/login/passkey/options', undefined, {})
    t.strictSame([status, Object.keys(json).sort(), json.expires_in], [200, ['expires_in', 'public_key'], 300])
    t.equal(headers['cache-control'], 'no-store')
    const { challenge, ...options } = json.public_key
    t.match(options, { userVerification: 'required', timeout: 300_000, rpId: String })
    t.equal(options.allowCredentials, undefined)
    t.equal(Buffer.from(challenge, 'base64url').length, 54)
    const { challenge: other, ...same } = await requestOptions()
    t.strictSame(same, options)
    t.not(other, challenge)
    for (const body of [{ username: one.username }, { email: 'ada@example.com' }, []]) {
      t.equal((await post('/login/passkey/options', undefined, body)).json.code, 'VALIDATION_FAILED')
    }
  })

  await t.test('it answers 200 with tokens at aal2', async (t) => {
    const answer = await usePasskey(key)
    tokens(t, answer)
    const claims = claimsOf(answer.json.access_token)
    t.strictSame(assuranceOf(answer.json.access_token), PASSKEY)
    t.equal(claims.sub, one.user.id)
    t.equal(claims.preferred_username, one.username)
    t.ok(claims.iat - claims.auth_time < 30)
    t.strictSame((await get('/me', answer.json.access_token)).json, one.user)
    const [{ last_used_at }] = (await get('/passkeys', one.access_token)).json.passkeys
    t.ok(Math.abs(Date.parse(last_used_at) / 1000 - factors.seconds()) < 60)
    t.strictSame(assuranceOf((await factors.refresh(answer.json)).access_token), PASSKEY)
  })

  await t.test('with a second step required it asks for nothing more', async (t) => {
    const other = await enrolled()
    const { key } = await addPasskey(other.access_token)
    const answer = await usePasskey(key)
    tokens(t, answer)
    t.strictSame(assuranceOf(answer.json.access_token), PASSKEY)
    t.equal((await post('/mfa/recovery-codes', answer.json.access_token)).status, 200, 'and is fresh')
  })

  await t.test('in browser mode the refresh token is a cookie', async (t) => {
    const answer = await usePasskey(key, {}, { cookie: true })
    tokens(t, answer, ['access_token', 'expires_in'])
    t.match(String(answer.headers['set-cookie']), /refresh_token=[\w.-]+;/)
    tokens(t, await usePasskey(key, {}, { cookie: false }))
  })

  await t.test('an unknown passkey is PASSKEY_UNKNOWN', async (t) => {
    const unknown = authenticator()
    unknown.create(await creationOptions(one.access_token))
    refused(t, await usePasskey(unknown), 401, 'PASSKEY_UNKNOWN')
  })

  await t.test('a known one, with anything wrong, is PASSKEY_INVALID', async (t) => {
    const other = await account()
    const { key: others } = await addPasskey(other.access_token)
    const handle = (id: string) => Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url')
    const { origin, hostname } = new URL(factors.client.issuer)
    const spent = (await requestOptions()).challenge
    await signIn(key.get({ challenge: spent, rpId: (await requestOptions()).rpId }))
    const rows: [string, Changes | (() => Promise<Changes>)][] = [
      ['a challenge of its own', { clientData: { challenge: randomBytes(54).toString('base64url') } }],
      ['an empty challenge', { clientData: { challenge: '' } }],
      ['a challenge of a wrong type', { clientData: { challenge: 5 } }],
      ['no challenge', { clientData: { challenge: undefined } }],
      ['a challenge that was used', { clientData: { challenge: spent } }],
      [
        'a challenge with another end',
        async () => {
          const bytes = Buffer.from((await requestOptions()).challenge, 'base64url')
          bytes.writeUIntBE(bytes.readUIntBE(0, 6) + 1_000, 0, 6)
          return { clientData: { challenge: bytes.toString('base64url') } }
        }
      ],
      [
        'the challenge of a registration',
        async () => ({ clientData: { challenge: (await creationOptions(one.access_token)).challenge } })
      ],
      ['another origin', { clientData: { origin: 'https://evil.example' } }],
      ['an origin below ours', { clientData: { origin: `https://x.${hostname}` } }],
      ['an origin with another port', { clientData: { origin: `${origin}:444` } }],
      ['an origin in upper case', { clientData: { origin: origin.toUpperCase() } }],
      ['plain http', { clientData: { origin: 'http://plain.example' } }],
      ['the origin null', { clientData: { origin: 'null' } }],
      ['another type', { clientData: { type: 'webauthn.create' } }],
      ['crossOrigin', { clientData: { crossOrigin: true } }],
      ['crossOrigin with topOrigin', { clientData: { crossOrigin: true, topOrigin: origin } }],
      ['another RP ID', { rpId: 'evil.example' }],
      ['no user presence', { flags: verified }],
      ['no user verification', { flags: present }],
      ['eligibility for backup that it had not', { flags: present | verified | backupEligible }],
      ['backed up as well', { flags: present | verified | backupEligible | backedUp }],
      ['the user handle of another', { response: { userHandle: handle(other.user.id) } }],
      ['a user handle that is none', { response: { userHandle: 'AAAA' } }],
      ['an empty user handle', { response: { userHandle: '' } }],
      ['no signature', { signature: () => Buffer.alloc(0) }],
      ['a signature of zeros', { signature: (bytes) => Buffer.alloc(bytes.length) }],
      [
        'a flipped bit of the signature',
        {
          signature: (bytes) => {
            bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1
            return bytes
          }
        }
      ],
      ['client data that is null', { clientDataJSON: 'null' }],
      ['client data that is no JSON', { clientDataJSON: '{' }],
      ['client data that is a text', { clientDataJSON: '"x"' }],
      [
        'other client data than was signed',
        { response: { clientDataJSON: Buffer.from('{"type":"webauthn.get"}').toString('base64url') } }
      ],
      [
        'other authenticator data than was signed',
        { response: { authenticatorData: randomBytes(37).toString('base64url') } }
      ],
      ['short authenticator data', { response: { authenticatorData: 'AAAA' } }],
      [
        'the answer of the key of another',
        async () => {
          const { id: _, rawId: __, ...rest } = others.get(await requestOptions())
          return { credential: rest }
        }
      ]
    ]
    for (const [what, changes] of rows) {
      await t.test(what, async (t) => {
        const given = typeof changes === 'function' ? await changes() : changes
        const answer = await usePasskey(key, given)
        refused(t, answer, 401, 'PASSKEY_INVALID')
        t.equal(answer.headers['set-cookie'], undefined)
      })
    }
    const withoutHandle = await usePasskey(key, { response: { userHandle: undefined } })
    t.ok([400, 401].includes(withoutHandle.status), 'no user handle')
    t.equal((await usePasskey(key)).status, 200, 'the passkey is still good')
  })

  await t.test('a challenge is good once, also when its answer comes many times at once', async (t) => {
    const credential = key.get(await requestOptions())
    const answers = await Promise.all(Array.from({ length: 20 }, () => signIn(credential)))
    t.strictSame(tally(answers), { '200': 1, '401 PASSKEY_INVALID': 19 })
    refused(t, await signIn(credential), 401, 'PASSKEY_INVALID')
  })

  await t.test('a challenge is good for one of two passkeys', async (t) => {
    const other = await account()
    const { key: others } = await addPasskey(other.access_token)
    const options = await requestOptions()
    tokens(t, await signIn(others.get(options)))
    refused(t, await signIn(key.get(options)), 401, 'PASSKEY_INVALID')
  })

  await t.test('a synced passkey, which counts nothing, signs in again and again', async (t) => {
    const other = await account()
    const { key: synced } = await addPasskey(other.access_token, { synced: true, algorithm: 'EdDSA' })
    for (const counter of [0, 0, 9, 3, 0]) tokens(t, await usePasskey(synced, { counter }))
  })

  await t.test('a counter that does not go up is refused, and the passkey stays', async (t) => {
    const other = await account()
    const { key: counting, passkey } = await addPasskey(other.access_token)
    tokens(t, await usePasskey(counting, { counter: 10 }))
    for (const counter of [10, 9, 1, 0]) refused(t, await usePasskey(counting, { counter }), 401, 'PASSKEY_INVALID')
    const bad = { counter: 1_000, signature: (bytes: Buffer) => Buffer.alloc(bytes.length, 3) }
    refused(t, await usePasskey(counting, bad), 401, 'PASSKEY_INVALID')
    tokens(t, await usePasskey(counting, { counter: 11 }))
    t.match((await get('/passkeys', other.access_token)).json.passkeys, [{ id: passkey.id }])
    const zero = authenticator()
    const credential = zero.create(await creationOptions(other.access_token), { counter: 0 })
    t.equal((await post('/passkeys', other.access_token, { credential })).status, 201)
    for (const counter of [0, 0, 4]) tokens(t, await usePasskey(zero, { counter }))
    refused(t, await usePasskey(zero, { counter: 0 }), 401, 'PASSKEY_INVALID')
  })

  await t.test('hostile credentials are a 400 or a 401', async (t) => {
    const honest = key.get(await requestOptions()) as Record<string, unknown>
    const values: unknown[] = [
      null,
      true,
      5,
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
    const asks = [
      ...['id', 'rawId', 'type', 'response'].flatMap((member) =>
        [...values, undefined].map((value) => ({ ...honest, [member]: value }))
      ),
      ...['clientDataJSON', 'authenticatorData', 'signature', 'userHandle'].flatMap((member) =>
        [...values, undefined].map((value) => ({
          ...honest,
          response: { ...(honest.response as unknown as object), [member]: value }
        }))
      ),
      { ...honest, rawId: Buffer.alloc(16).toString('base64url') },
      {},
      { id: key.id }
    ]
    for (const credential of asks) {
      const { status, json, body } = await signIn(credential)
      const code = `${status} ${json?.code}`
      const what = `${JSON.stringify(credential).slice(0, 60)}: ${body}`
      t.match(code, /^(?:400 VALIDATION_FAILED|401 PASSKEY_(?:INVALID|UNKNOWN)|200 undefined)$/, what)
      if (status === 200) t.fail(`signed in: ${what}`)
      t.notOk(leakOf(body))
    }
    const large = await signIn({ ...honest, x: 'x'.repeat(17_000) })
    refused(t, large, 413, 'BODY_TOO_LARGE')
  })

  await t.test('what does not fit is refused', async (t) => {
    const credential = key.get(await requestOptions())
    const rows: [unknown, string[]][] = [
      [{}, ['/credential']],
      [{ credential: 'x' }, ['/credential']],
      [{ credential: [] }, ['/credential']],
      [{ credential, username: 'x' }, ['/username']],
      [{ credential, cookie: 'yes' }, ['/cookie']]
    ]
    for (const [body, paths] of rows) {
      const answer = await factors.client.request({ path: '/login/passkey', body })
      refused(t, answer, 400, 'VALIDATION_FAILED', { errors: paths.map((path) => ({ path })) })
    }
    tokens(t, await signIn(credential), undefined)
  })

  await t.test('a passkey alone switches no second step on', async (t) => {
    t.match((await get('/mfa', one.access_token)).json, { required: false, passkeys: 1 })
    tokens(t, await factors.login(one.username))
    const { access_token } = (await usePasskey(key)).json as SignedIn
    t.match((await get('/mfa', access_token)).json, { required: false })
  })
})

if (CONTRACT_URL === undefined) {
  test('Signing in with a passkey, while time passes', async (t) => {
    const factors = await createFactors(t)
    const { access_token } = await factors.account()
    const { key } = await factors.addPasskey(access_token)
    const sign = (options: unknown) =>
      factors.client.request({ path: '/login/passkey', body: { credential: key.get(options) } })
    const [early, late] = [await factors.requestOptions(), await factors.requestOptions()]
    await factors.pass(295)
    t.equal((await sign(early)).status, 200)
    await factors.pass(10)
    refused(t, await sign(late), 401, 'PASSKEY_INVALID')
    await factors.pass(86_400)
    refused(t, await sign(early), 401, 'PASSKEY_INVALID')
  })
}
