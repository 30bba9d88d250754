import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { test } from 'tap'
import {
  loadCeremonies,
  type Refused,
  type VerifiedAssertion,
  type VerifiedRegistration
} from '../../../src/factors/ceremonies.ts'
import { type ChallengePurpose, createChallenge, readChallenge } from '../../../src/factors/challenges.ts'
import {
  type Algorithm,
  type Cbor,
  type Changes,
  cbor,
  createAuthenticator,
  withExtensions
} from '../../helpers/authenticator.ts'

const ORIGIN = 'https://auth.example.com'
const PARTY = { id: 'example.com', origins: [ORIGIN, 'https://app.example.com'] }
const USER = '0198a3c2-7f00-7000-8000-0000000000ff'
const ACCOUNT = { id: USER, name: 'ada' }
const KEY = randomBytes(32)
const NOW = 1_800_000_000_000
const REGISTRATION: ChallengePurpose = { for: 'registration', session: USER }
const SIGN_IN: ChallengePurpose = { for: 'sign-in' }

test('ceremonies', async (t) => {
  const ceremonies = await loadCeremonies()
  const verifying = (purpose: ChallengePurpose, now = NOW) => ({
    party: PARTY,
    readChallenge: (text: string) => readChallenge(KEY, purpose, text, now)
  })
  const creationOptions = () =>
    ceremonies.registrationOptions({
      party: PARTY,
      serviceName: 'Example',
      account: ACCOUNT,
      challenge: createChallenge(KEY, REGISTRATION, NOW),
      passkeys: []
    })
  const requestOptions = (purpose: ChallengePurpose = SIGN_IN) =>
    ceremonies.assertionOptions({ party: PARTY, challenge: createChallenge(KEY, purpose, NOW) })

  /** An authenticator with a passkey of ada. */
  async function registered(kind: Parameters<typeof createAuthenticator>[1] = {}) {
    const authenticator = createAuthenticator(ORIGIN, kind)
    const outcome = await ceremonies.verifyRegistration(
      authenticator.create(await creationOptions()),
      verifying(REGISTRATION)
    )
    const { passkey } = outcome as VerifiedRegistration
    return { authenticator, passkey: { ...passkey, id: USER, user: USER } }
  }

  await t.test('ask for a passkey that is discoverable, verifies its user and is signed by what we know', async (t) => {
    const challenge = Buffer.alloc(54, 1)
    const credentialId = Buffer.from('fbff', 'hex')
    const options = await ceremonies.registrationOptions({
      party: PARTY,
      serviceName: 'Example',
      account: ACCOUNT,
      challenge,
      passkeys: [{ credentialId, transports: ['usb'] }]
    })
    t.strictSame(JSON.parse(JSON.stringify(options)), {
      challenge: challenge.toString('base64url'),
      rp: { name: 'Example', id: 'example.com' },
      user: { id: 'AZijwn8AcACAAAAAAAAA_w', name: 'ada', displayName: 'ada' },
      pubKeyCredParams: [
        { alg: -8, type: 'public-key' },
        { alg: -7, type: 'public-key' },
        { alg: -257, type: 'public-key' }
      ],
      timeout: 300000,
      attestation: 'none',
      excludeCredentials: [{ id: '-_8', transports: ['usb'], type: 'public-key' }],
      authenticatorSelection: { residentKey: 'required', userVerification: 'required', requireResidentKey: true },
      extensions: { credProps: true },
      hints: []
    })
  })

  await t.test('ask for any passkey, or for those of an account', async (t) => {
    const challenge = Buffer.alloc(54, 1)
    const request = { party: PARTY, challenge }
    const anybody = {
      rpId: 'example.com',
      challenge: challenge.toString('base64url'),
      timeout: 300000,
      userVerification: 'required'
    }
    const asJson = (value: unknown) => JSON.parse(JSON.stringify(value))
    t.strictSame(asJson(await ceremonies.assertionOptions(request)), anybody)
    const passkeys = [{ credentialId: Buffer.from('fbff', 'hex'), transports: ['usb'] }]
    t.strictSame(asJson(await ceremonies.assertionOptions({ ...request, passkeys })), {
      ...anybody,
      allowCredentials: [{ id: '-_8', transports: ['usb'], type: 'public-key' }]
    })
  })

  for (const algorithm of ['EdDSA', 'ES256', 'RS256'] as Algorithm[]) {
    for (const synced of [false, true]) {
      for (const fmt of ['none', 'packed']) {
        await t.test(`take ${algorithm}, ${synced ? 'synced' : 'on one device'}, attestation ${fmt}`, async (t) => {
          const aaguid = 'bada5566-a7aa-401f-bd96-45619a55120d'
          const authenticator = createAuthenticator(ORIGIN, { algorithm, synced, aaguid })
          const options = await creationOptions()
          const transports = ['usb', 'nonsense', 'internal']
          const made = authenticator.create(options, { fmt, transports })
          const { passkey, challenge } = (await ceremonies.verifyRegistration(
            made,
            verifying(REGISTRATION)
          )) as VerifiedRegistration
          t.match(passkey, {
            credentialId: authenticator.credentialId,
            signCount: synced ? 0 : 1,
            transports: ['internal', 'usb'],
            rpId: 'example.com',
            aaguid,
            backupEligible: synced,
            backedUp: synced
          })
          t.strictSame(challenge, readChallenge(KEY, REGISTRATION, options.challenge, NOW))
          const request = await requestOptions()
          const outcome = await ceremonies.verifyAssertion(
            authenticator.get(request),
            { ...passkey, id: USER, user: USER },
            verifying(SIGN_IN)
          )
          t.strictSame(outcome, {
            use: { signCount: synced ? 0 : 2, backedUp: synced },
            challenge: readChallenge(KEY, SIGN_IN, request.challenge, NOW)
          })
        })
      }
    }
  }

  const deep = (levels: number) => ({ raw: Buffer.concat([Buffer.alloc(levels, 0x81), Buffer.from([0])]) })
  const huge = { raw: Buffer.from('9bffffffffffffffff', 'hex') }
  const attestation = (authData: Cbor, attStmt: Cbor = new Map(), fmt: Cbor = 'none') =>
    cbor(
      new Map<string, Cbor>([
        ['fmt', fmt],
        ['attStmt', attStmt],
        ['authData', authData]
      ])
    )
  const flip = (bytes: Buffer) => {
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1)
    return changed
  }

  /** What neither ceremony takes. */
  const both: [what: string, changes: Changes][] = [
    ['another type', { type: 'webauthn.other' }],
    ['another origin', { origin: 'https://evil.example.com' }],
    ['an origin in other letters', { origin: 'https://AUTH.example.com' }],
    ['an origin with a slash', { origin: `${ORIGIN}/` }],
    ['no origin', { clientData: '{"type":"webauthn.create"}' }],
    ['a frame of another origin', { crossOrigin: true }],
    ['a frame of another origin, in another type', { crossOrigin: 'true' }],
    ['a page above it', { topOrigin: 'https://evil.example.com' }],
    ['another RP ID', { rpId: 'auth.example.com' }],
    ['no presence', { userPresent: false }],
    ['no verification', { userVerified: false }],
    ['a backup of what cannot be backed up', { backedUp: true }],
    ['another type of credential', { credentialType: 'password' }],
    ['another raw id', { rawId: 'AAAA' }],
    ['another challenge', { challenge: createChallenge(randomBytes(32), SIGN_IN, NOW).toString('base64url') }],
    ['an empty challenge', { challenge: '' }],
    ['client data null', { clientData: 'null' }],
    ['client data of another shape', { clientData: '[]' }],
    ['client data that is no JSON', { clientData: '{' }],
    ['no client data', { clientData: '' }],
    ['short authenticator data', { authData: (bytes) => bytes.subarray(0, 36) }],
    ['more authenticator data', { authData: (bytes) => Buffer.concat([bytes, Buffer.from([0])]) }],
    ['nested extensions', { authData: (bytes) => withExtensions(bytes, deep(9000)) }]
  ]

  const registrations: [what: string, changes: Changes][] = [
    ['the type of an assertion', { type: 'webauthn.get' }],
    ['an algorithm that is not asked for', { alg: -37 }],
    ['an algorithm of the future', { alg: -48 }],
    ['a wrong signature of the attestation', { fmt: 'packed', signature: flip }],
    [
      'an attestation by a certificate',
      { fmt: 'packed', attStmt: new Map<string, Cbor>([['x5c', [Buffer.alloc(9)]]]) }
    ],
    ...['tpm', 'android-key', 'android-safetynet', 'apple', 'fido-u2f', 'of the future', ''].map(
      (fmt): [string, Changes] => [`attestation ${fmt}`, { fmt }]
    ),
    ['a statement with none', { attStmt: new Map<string, Cbor>([['sig', Buffer.alloc(9)]]) }],
    ['a statement of another type', { fmt: 'packed', attStmt: 'x' }],
    ['an attestation object of another type', { attestationObject: cbor('x') }],
    ['no attestation object', { attestationObject: Buffer.alloc(0) }],
    ['nested arrays', { attestationObject: cbor(deep(11000)) }],
    ['an array of 2^64 elements', { attestationObject: cbor(huge) }],
    ['a format of another type', { attestationObject: attestation(Buffer.alloc(37), new Map(), 7) }],
    ['authenticator data of another type', { attestationObject: attestation('x'.repeat(40)) }],
    ['none with a text as its statement', { attStmt: 'x' }],
    ['none with a list as its statement', { attStmt: [] }],
    ['none with a statement', { attStmt: new Map([['alg', -7]]) }],
    ['self attestation with a text as its statement', { fmt: 'packed', attStmt: 'x' }],
    [
      'authenticator data without a credential',
      {
        authData: (bytes) => {
          const changed = Buffer.from(bytes.subarray(0, 37))
          changed.writeUInt8(0x05, 32)
          return changed
        }
      }
    ]
  ]

  await t.test('refuse a registration', async (t) => {
    for (const [what, changes] of [...both, ...registrations]) {
      const credential = createAuthenticator(ORIGIN).create(await creationOptions(), changes)
      const outcome = await ceremonies.verifyRegistration(credential, verifying(REGISTRATION))
      t.type((outcome as Refused).refused, 'string', what)
    }
  })

  await t.test('refuse a registration with an id or a key of another length', async (t) => {
    for (const [length, isTaken] of [
      [0, false],
      [1, true],
      [1023, true],
      [1024, false]
    ] as const) {
      const credential = createAuthenticator(ORIGIN, { credentialId: Buffer.alloc(length, 7) }).create(
        await creationOptions()
      )
      const given = length === 0 ? { ...credential, id: 'AA', rawId: 'AA' } : credential
      const outcome = await ceremonies.verifyRegistration(given, verifying(REGISTRATION))
      t.equal('passkey' in outcome, isTaken, `${length} bytes`)
    }
    const padded = (bytes: Buffer) => {
      const key = cbor(
        new Map<number, Cbor>([
          [1, 3],
          [3, -257],
          [-1, Buffer.alloc(1100, 0xff)],
          [-2, Buffer.from([1, 0, 1])]
        ])
      )
      return Buffer.concat([bytes.subarray(0, 37 + 16 + 2 + 32), key])
    }
    const credential = createAuthenticator(ORIGIN).create(await creationOptions(), { authData: padded })
    t.match(await ceremonies.verifyRegistration(credential, verifying(REGISTRATION)), { refused: /public key/ })
  })

  await t.test('take a registration with extensions, and no other transports than known ones', async (t) => {
    const changes = {
      authData: (bytes: Buffer) => withExtensions(bytes, new Map<string, Cbor>([['credProtect', 2]])),
      transports: 'x'.repeat(5000)
    }
    const credential = createAuthenticator(ORIGIN).create(await creationOptions(), changes)
    t.match(await ceremonies.verifyRegistration(credential, verifying(REGISTRATION)), {
      passkey: { transports: { length: 0 } }
    })
  })

  await t.test('take no other id than the one that was attested', async (t) => {
    const authenticator = createAuthenticator(ORIGIN)
    const credential = { ...authenticator.create(await creationOptions()), id: 'AAAA', rawId: 'AAAA' }
    t.strictSame(await ceremonies.verifyRegistration(credential, verifying(REGISTRATION)), {
      refused: 'Error: another credential'
    })
  })

  const assertions: [what: string, changes: Changes][] = [
    ['the type of a registration', { type: 'webauthn.create' }],
    ['a wrong signature', { signature: flip }],
    ['an empty signature', { signature: () => Buffer.alloc(0) }],
    ['a signature that is none', { signature: () => Buffer.alloc(64, 1) }],
    ['no user handle', { userHandle: undefined }],
    ['an empty user handle', { userHandle: '' }],
    ["another's user handle", { userHandle: Buffer.alloc(16).toString('base64url') }],
    ['another backup eligibility', { backupEligible: true }]
  ]

  await t.test('refuse an assertion', async (t) => {
    const { authenticator, passkey } = await registered()
    for (const [what, changes] of [...both, ...assertions]) {
      const outcome = await ceremonies.verifyAssertion(
        authenticator.get(await requestOptions(), changes),
        passkey,
        verifying(SIGN_IN)
      )
      t.type((outcome as Refused).refused, 'string', what)
    }
    t.match(
      await ceremonies.verifyAssertion(authenticator.get(await requestOptions()), passkey, verifying(SIGN_IN)),
      { use: {} },
      'and take the next that is right'
    )
  })

  await t.test("refuse an assertion of another's passkey, or by another key", async (t) => {
    const [ada, eve] = [await registered(), await registered()]
    const answer = eve.authenticator.get(await requestOptions())
    const outcomes = [
      await ceremonies.verifyAssertion(answer, ada.passkey, verifying(SIGN_IN)),
      await ceremonies.verifyAssertion(
        answer,
        { ...ada.passkey, credentialId: eve.passkey.credentialId },
        verifying(SIGN_IN)
      ),
      await ceremonies.verifyAssertion(
        answer,
        { ...eve.passkey, user: '0198a3c2-7f00-7000-8000-000000000000' },
        verifying(SIGN_IN)
      )
    ]
    for (const outcome of outcomes) t.type((outcome as Refused).refused, 'string')
  })

  await t.test('refuse a challenge for another purpose, and one that has expired', async (t) => {
    const { authenticator, passkey } = await registered()
    const step: ChallengePurpose = { for: 'second step', step: randomBytes(32) }
    const rows: [made: ChallengePurpose, wanted: ChallengePurpose, now: number, isTaken: boolean][] = [
      [step, step, NOW + 299_999, true],
      [step, step, NOW + 300_000, false],
      [step, SIGN_IN, NOW, false],
      [SIGN_IN, step, NOW, false],
      [REGISTRATION, SIGN_IN, NOW, false]
    ]
    for (const [made, wanted, now, isTaken] of rows) {
      const answer = authenticator.get(await requestOptions(made))
      const outcome = await ceremonies.verifyAssertion(answer, passkey, verifying(wanted, now))
      t.equal('use' in outcome, isTaken, `${made.for} for ${wanted.for}`)
    }
  })

  await t.test('leave the counter to what notes the use, after the signature', async (t) => {
    const { authenticator, passkey } = await registered()
    const low = authenticator.get(await requestOptions(), { counter: 0 })
    const outcome = await ceremonies.verifyAssertion(low, { ...passkey, signCount: 1000 } as never, verifying(SIGN_IN))
    t.equal((outcome as VerifiedAssertion).use.signCount, 0)
    const forged = authenticator.get(await requestOptions(), { counter: 0, signature: flip })
    t.notMatch(await ceremonies.verifyAssertion(forged, passkey, verifying(SIGN_IN)), { refused: /[Cc]ounter/ })
  })

  await t.test('refuse whatever else there may be in the place of an answer', async (t) => {
    const { authenticator, passkey } = await registered()
    const made = authenticator.create(await creationOptions())
    const got = authenticator.get(await requestOptions())
    const values = [undefined, null, 7, true, '', '!', [], {}, 'x'.repeat(16_384), new Array(5000).fill('AA')]
    for (const value of values) {
      for (const key of ['id', 'rawId', 'type', 'response']) {
        await refuses({ ...made, [key]: value }, { ...got, [key]: value })
      }
      for (const key of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
        const changed = (answer: typeof made | typeof got) => ({
          ...answer,
          response: { ...answer.response, [key]: value }
        })
        if (key in made.response) await refuses(changed(made), undefined)
        if (key in got.response) await refuses(undefined, changed(got))
      }
      await refuses(value, value)
    }

    async function refuses(registration: unknown, assertion: unknown): Promise<void> {
      const outcomes = [
        await ceremonies.verifyRegistration(registration as never, verifying(REGISTRATION)),
        await ceremonies.verifyAssertion(assertion as never, passkey, verifying(SIGN_IN))
      ]
      for (const outcome of outcomes) t.strictSame(Object.keys(outcome), ['refused'])
    }
  })

  await t.test('ask nothing of the network', async (t) => {
    const asked: unknown[] = []
    const { fetch } = globalThis
    globalThis.fetch = async (input) => {
      asked.push(input)
      throw new Error('no network')
    }
    t.teardown(() => {
      globalThis.fetch = fetch
    })
    for (const fmt of ['packed', 'android-key', 'apple', 'android-safetynet', 'tpm', 'fido-u2f']) {
      const attStmt = new Map<string, Cbor>([
        ['alg', -7],
        ['sig', Buffer.alloc(64)],
        ['x5c', [Buffer.alloc(400)]]
      ])
      const credential = createAuthenticator(ORIGIN).create(await creationOptions(), { fmt, attStmt })
      t.match(await ceremonies.verifyRegistration(credential, verifying(REGISTRATION)), { refused: /another format/ })
    }
    const library: typeof import('@simplewebauthn/server') = createRequire(import.meta.url)('@simplewebauthn/server')
    for (const identifier of ['android-key', 'android-safetynet', 'apple', 'mds'] as const) {
      t.strictSame(library.SettingsService.getRootCertificates({ identifier }), [])
    }
    t.strictSame(asked, [])
  })
})
