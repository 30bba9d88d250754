import { type Test, test } from 'tap'
import {
  addPasskey,
  createCredential,
  getCredential,
  hasPasskeys,
  offerPasskeys,
  signInWithPasskey,
  tellBrowser
} from '../src/passkeys.ts'
import { caught, createBrowser, json, refuse } from './browser.ts'

/** The passkey functions of a browser, and the calls of them. */
function install(t: Test, credentials: object = {}, statics: object = {}) {
  const asked: unknown[] = []
  const bytes = (text: string) => new TextEncoder().encode(text).buffer
  const ask = (response: object) => async (options: unknown) => {
    asked.push(options)
    return { rawId: bytes('??>'), type: 'public-key', response }
  }
  const define = (name: string, value: unknown) =>
    t.intercept(globalThis, name as never, { value, configurable: true } as never)
  define('navigator', {
    credentials: {
      create: ask({ clientDataJSON: bytes('a'), attestationObject: bytes('b'), getTransports: () => ['usb'] }),
      get: ask({
        clientDataJSON: bytes('a'),
        authenticatorData: bytes('b'),
        signature: bytes('c'),
        userHandle: bytes('d')
      }),
      ...credentials
    }
  })
  const signal = (name: string) => async (options: unknown) => void asked.push([name, options])
  define('PublicKeyCredential', {
    isConditionalMediationAvailable: async () => true,
    signalUnknownCredential: signal('unknown'),
    signalAllAcceptedCredentials: signal('all'),
    ...statics
  })
  return { asked, bytes }
}

const ID = { id: 'Pz8-', rawId: 'Pz8-', type: 'public-key' }
const ASSERTION = {
  ...ID,
  response: { clientDataJSON: 'YQ', authenticatorData: 'Yg', signature: 'Yw', userHandle: 'ZA' }
}
const ATTESTATION = { ...ID, response: { clientDataJSON: 'YQ', attestationObject: 'Yg', transports: ['usb'] } }
const BYTES = new Uint8Array([63, 63, 62])
const OPTIONS = { challenge: 'Pz8-', rpId: 'example.com' }
const LIST = { rp_id: 'example.com', user_handle: 'Pz8-', passkeys: [{ credential_id: 'Yg' }] }

const paths = ({ seen }: ReturnType<typeof createBrowser>) =>
  seen.map(({ method, url, body }) => [`${method} ${new URL(url).pathname}`, body])

async function signedIn() {
  const browser = createBrowser()
  const { session } = browser.open()
  await session.signIn({ username: 'ada' }, 'a password')
  browser.seen.length = 0
  return { browser, session }
}

test('are not at the address of a host', (t) => {
  install(t)
  for (const [hostname, expected] of [
    ['localhost', true],
    ['app.example.com', true],
    ['127.0.0.1', false],
    ['[::1]', false]
  ]) {
    t.intercept(globalThis, 'location' as never, { value: { hostname }, configurable: true } as never)
    t.equal(hasPasskeys(), expected)
  }
  t.end()
})

test('a challenge is given to the authenticator, and its answer made JSON', async (t) => {
  const { asked } = install(t)
  const user = { id: 'Pz8-', name: 'ada', displayName: 'Ada' }
  const descriptor = { id: 'Pz8-', type: 'public-key' } as const
  const creation = { challenge: 'Pz8-', user, rp: { name: 'x' }, pubKeyCredParams: [], extensions: {} }
  t.strictSame(await createCredential({ ...creation, excludeCredentials: [descriptor] }), ATTESTATION)
  await createCredential(creation)
  t.strictSame(await getCredential({ ...OPTIONS, allowCredentials: [descriptor], extensions: {} }), ASSERTION)
  const { signal } = new AbortController()
  await getCredential(OPTIONS, { signal, mediation: 'conditional' })
  const created = {
    challenge: BYTES,
    user: { ...user, id: BYTES },
    rp: { name: 'x' },
    pubKeyCredParams: [],
    excludeCredentials: [{ id: BYTES, type: 'public-key' }]
  }
  const publicKey = { challenge: BYTES, rpId: 'example.com' }
  t.strictSame(asked, [
    { publicKey: created },
    { publicKey: { ...created, excludeCredentials: [] } },
    { publicKey: { ...publicKey, allowCredentials: [{ id: BYTES, type: 'public-key' }] } },
    { publicKey: { ...publicKey, allowCredentials: [] }, signal, mediation: 'conditional' }
  ])
})

test('an authenticator may tell no user handle', async (t) => {
  const { bytes } = install(t)
  const response = { clientDataJSON: bytes(''), authenticatorData: bytes(''), signature: bytes(''), userHandle: null }
  install(t, { get: async () => ({ rawId: bytes('a'), type: 'public-key', response }) })
  t.match(await getCredential(OPTIONS), { response: { userHandle: null } })
})

test('adds a passkey, and tells the browser which there are', async (t) => {
  for (const name of ['My phone', undefined]) {
    const { asked } = install(t)
    const { browser, session } = await signedIn()
    browser.scripted.push(
      () => json(200, { public_key: { challenge: 'Pz8-', user: { id: 'Pz8-' } }, expires_in: 300 }),
      () => json(201, {}),
      () => json(200, LIST)
    )
    await addPasskey(session, name)
    t.strictSame(paths(browser), [
      ['POST /passkeys/options', {}],
      ['POST /passkeys', { credential: ATTESTATION, ...(name && { name }) }],
      ['GET /passkeys', '']
    ])
    const all = { rpId: 'example.com', userId: 'Pz8-', allAcceptedCredentialIds: ['Yg'] }
    t.strictSame(asked.slice(1), [['all', all]])
  }
})

test('signs in with a passkey', async (t) => {
  install(t)
  const browser = createBrowser()
  const { session } = browser.open()
  browser.scripted.push(
    () => refuse(400, 'VALIDATION_FAILED'),
    () => json(200, { public_key: OPTIONS, expires_in: 300 })
  )
  await signInWithPasskey(session)
  t.strictSame(paths(browser).slice(1), [
    ['POST /login/passkey/options', {}],
    ['POST /login/passkey', { credential: ASSERTION, cookie: true }]
  ])
  t.equal(session.claims()?.sub, 'ada')
})

test('the browser forgets a passkey that the service does not know, and no other', async (t) => {
  for (const [code, options, statics, signals] of [
    ['PASSKEY_UNKNOWN', OPTIONS, {}, [['unknown', { rpId: 'example.com', credentialId: 'Pz8-' }]]],
    ['PASSKEY_UNKNOWN', { challenge: 'Pz8-' }, {}, []],
    ['PASSKEY_UNKNOWN', OPTIONS, { signalUnknownCredential: undefined }, []],
    ['PASSKEY_INVALID', OPTIONS, {}, []]
  ] as const) {
    const { asked } = install(t, {}, statics)
    const { browser, session } = await signedIn()
    browser.scripted.push(
      () => json(200, { public_key: options, expires_in: 300 }),
      () => refuse(401, code)
    )
    t.match(await caught(signInWithPasskey(session)), { status: 401, code })
    t.strictSame(asked.slice(1), signals)
  }
})

test('a browser without signals is told nothing', async (t) => {
  const { asked } = install(t, {}, { signalAllAcceptedCredentials: undefined })
  const { browser, session } = await signedIn()
  browser.scripted.push(() => json(200, LIST))
  await tellBrowser(session)
  t.strictSame(asked, [])
})

test('offers passkeys until one is accepted', async (t) => {
  const { asked } = install(t)
  const { browser, session } = await signedIn()
  const options = () => json(200, { public_key: OPTIONS, expires_in: 300 })
  browser.scripted.push(options, () => refuse(401, 'PASSKEY_INVALID'), options)
  t.equal(await offerPasskeys(session), true)
  t.match(asked, [{ mediation: 'conditional' }, { mediation: 'conditional' }])
  browser.scripted.push(options, () => refuse(401, 'PASSKEY_UNKNOWN'))
  t.match(await caught(offerPasskeys(session)), { code: 'PASSKEY_UNKNOWN' })
})

test('offers new challenges when one expires, and ends for the button', async (t) => {
  const { session, browser } = await signedIn()
  const options = (expires_in: number) => () => json(200, { public_key: OPTIONS, expires_in })
  let waits = 0
  let pressed: Promise<void> | undefined
  const { asked, bytes } = install(t)
  const response = { clientDataJSON: bytes(''), authenticatorData: bytes(''), signature: bytes(''), userHandle: null }
  install(t, {
    async get({ signal, mediation }: CredentialRequestOptions) {
      if (!mediation) return { rawId: bytes('a'), type: 'public-key', response }
      waits += 1
      if (waits === 2) setImmediate(() => (pressed = signInWithPasskey(session)))
      return new Promise((_, reject) => {
        const keepsRunning = setInterval(() => {}, 1000)
        signal?.addEventListener('abort', () => {
          clearInterval(keepsRunning)
          reject(signal.reason)
        })
      })
    }
  })
  browser.scripted.push(options(10), options(300), options(300))
  t.equal(await offerPasskeys(session), false)
  await pressed
  t.strictSame([waits, asked, browser.paths().at(-1)], [2, [], '/login/passkey'])
})

test('offers nothing where the browser cannot', async (t) => {
  const { browser, session } = await signedIn()
  for (const isConditionalMediationAvailable of [undefined, async () => false]) {
    install(t, {}, { isConditionalMediationAvailable })
    t.equal(await offerPasskeys(session), false)
  }
  t.intercept(globalThis, 'PublicKeyCredential' as never, { value: undefined, configurable: true } as never)
  t.equal(await offerPasskeys(session), false)
  t.strictSame(browser.seen, [])
})
