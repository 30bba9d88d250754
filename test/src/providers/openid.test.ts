import { test } from 'tap'
import type { ProviderSettings } from '../../../src/config/providers-file.ts'
import { createBoundedFetch } from '../../../src/providers/bounded-fetch.ts'
import { createOpenIdProvider } from '../../../src/providers/openid.ts'
import { loadOpenId } from '../../../src/providers/openid-client.ts'
import { type Check, FederationRefusal, type Provider } from '../../../src/providers/provider.ts'
import { testClock } from '../../helpers/app.ts'
import { CLIENT, createIssuer, type Issuer, type Lies, type Visitor } from '../../helpers/issuer.ts'

const redirectUri = 'https://auth.example.com/base/federation/test/callback'
const SECRETS = {
  state: 's'.repeat(43),
  nonce: 'n'.repeat(43),
  verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
}
const ADA: Visitor = { sub: 'ada-1', email: 'ada@example.com', email_verified: true }

const settingsOf = ({ url }: Pick<Issuer, 'url'>, more: Partial<ProviderSettings> = {}): ProviderSettings => ({
  id: 'test',
  kind: 'oidc',
  label: 'Test',
  issuer: url,
  clientId: CLIENT.client_id,
  client: { secret: CLIENT.client_secret },
  scopes: ['openid', 'email'],
  trustEmail: true,
  link: 'ask',
  signUp: true,
  ...more
})

const fetchMetadata = ({ checks: [metadata] }: Provider) => (metadata as Check).run()

const reasonOf = (error: unknown) => (error instanceof FederationRefusal ? error.reason : error)

test('an OpenID provider', async (t) => {
  const clock = testClock()
  const issuer = await createIssuer(t)
  const openId = loadOpenId(createBoundedFetch(500), clock)
  const create = (more: Partial<ProviderSettings> = {}, at: Pick<Issuer, 'url'> = issuer) =>
    createOpenIdProvider(settingsOf(at, more), { clock, openId: () => openId, redirectUri })
  const signIn = async (provider = create(), visitor = ADA) =>
    provider.complete(issuer.authorize(await provider.begin(SECRETS), visitor), SECRETS)

  t.afterEach(() => {
    issuer.lies = {}
  })

  await t.test('begins with state, nonce and PKCE, at the address that it announces', async (t) => {
    const address = new URL(await create().begin(SECRETS))
    t.equal(`${address.origin}${address.pathname}`, `${issuer.url}/authorize`)
    t.strictSame(Object.fromEntries(address.searchParams), {
      client_id: 'latchkey',
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: 'openid email',
      state: SECRETS.state,
      nonce: SECRETS.nonce,
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
      max_age: '31536000'
    })
  })

  await t.test(
    'asks an OpenID provider to say when it last asked for a proof, and the others for nothing',
    async (t) => {
      const rows: [kind: ProviderSettings['kind'], maxAge: string | null][] = [
        ['oidc', '31536000'],
        ['google', null],
        ['microsoft', null],
        ['apple', null]
      ]
      for (const [kind, maxAge] of rows) {
        const { searchParams } = new URL(await create({ kind }).begin(SECRETS))
        t.strictSame([searchParams.get('max_age'), searchParams.get('prompt')], [maxAge, null], kind)
      }
    }
  )

  await t.test('returns the issuer, the subject and the address', async (t) => {
    t.strictSame(await signIn(), {
      issuer: issuer.url,
      subject: 'ada-1',
      email: 'ada@example.com',
      emailIsVerified: true
    })
  })

  await t.test(
    'authenticates as the provider announces, or as the settings say: by Basic, or in the body',
    async (t) => {
      issuer.requests.length = 0
      await signIn()
      const basic = issuer.requests.find(({ path }) => path === '/token')
      t.match(basic, { headers: { authorization: /^Basic / }, body: /^(?!.*client_secret)/ })
      issuer.lies.answer = (path, answer) =>
        path.startsWith('/.well-known')
          ? {
              ...answer,
              body: { ...(answer.body as object), token_endpoint_auth_methods_supported: ['client_secret_post'] }
            }
          : answer
      issuer.requests.length = 0
      await signIn()
      const post = issuer.requests.find(({ path }) => path === '/token')
      t.match(post?.body, 'client_secret=a+secret+of+the+tests')
      t.notOk(post?.headers.authorization)
      issuer.requests.length = 0
      await signIn(create({ authMethod: 'client_secret_basic' }))
      t.match(issuer.requests.find(({ path }) => path === '/token')?.headers, { authorization: /^Basic / })
    }
  )

  await t.test('trusts an address only if the provider is trusted and calls it verified', async (t) => {
    const rows: [settings: Partial<ProviderSettings>, visitor: Visitor, email: unknown, verified: boolean][] = [
      [{}, ADA, 'ada@example.com', true],
      [{ trustEmail: false }, ADA, 'ada@example.com', false],
      [{}, { ...ADA, email_verified: false }, 'ada@example.com', false],
      [{}, { ...ADA, email_verified: 'true' }, 'ada@example.com', false],
      [{}, { ...ADA, email_verified: 'false' }, 'ada@example.com', false],
      [{}, { ...ADA, email_verified: 1 }, 'ada@example.com', false],
      [{}, { sub: 'ada-1', email: 'ada@example.com' }, 'ada@example.com', false],
      [{}, { ...ADA, email: 'no address' }, undefined, false],
      [{}, { ...ADA, email: ['ada@example.com'] }, undefined, false],
      [{ scopes: ['openid'] }, { sub: 'ada-1' }, undefined, false]
    ]
    for (const [settings, visitor, email, emailIsVerified] of rows) {
      t.strictSame(await signIn(create(settings), visitor), {
        issuer: issuer.url,
        subject: 'ada-1',
        ...(email !== undefined && { email }),
        emailIsVerified
      })
    }
  })

  await t.test('looks for the address among the claims of the user, who must be the same', async (t) => {
    issuer.lies.claims = ({ email: _, email_verified: __, ...claims }) => claims
    t.match(await signIn(), { email: 'ada@example.com', emailIsVerified: true })
    issuer.lies.answer = (path, answer) =>
      path === '/userinfo' ? { ...answer, body: { ...ADA, sub: 'eve-1' } } : answer
    t.equal(await signIn().catch(reasonOf), 'invalid answer')
    // Without such claims there is no address.
    issuer.lies.answer = (path, answer) =>
      path.startsWith('/.well-known')
        ? { ...answer, body: { ...(answer.body as object), userinfo_endpoint: undefined } }
        : answer
    t.strictSame(await signIn(), { issuer: issuer.url, subject: 'ada-1', emailIsVerified: false })
  })

  await t.test('refuses every lie about an ID token', async (t) => {
    const now = () => Math.floor(Date.now() / 1000)
    const claims = (more: object): Lies => ({ claims: (honest) => ({ ...honest, ...more }) })
    const tokens = (more: object): Lies => ({
      answer: (path, answer) =>
        path === '/token' ? { ...answer, body: { ...(answer.body as object), ...more } } : answer
    })
    const rows: [lie: string, lies: Lies, reason: string][] = [
      ['a wrong signature', { signature: 'another key' }, 'invalid answer'],
      ['no signature', { signature: 'none' }, 'invalid answer'],
      ['the client secret as the key', { signature: 'HS256' }, 'invalid answer'],
      ['an unknown key', { header: { kid: 'unknown' } }, 'unknown key'],
      ['a critical extension', { header: { crit: ['exp'] } }, 'invalid answer'],
      ['no ID token', tokens({ id_token: undefined }), 'invalid answer'],
      ['an ID token that is none', tokens({ id_token: 'x.y.z' }), 'invalid answer'],
      ['no access token', tokens({ access_token: undefined }), 'invalid answer'],
      ['another issuer', claims({ iss: 'https://accounts.google.com' }), 'wrong issuer'],
      ['another audience', claims({ aud: 'another' }), 'wrong audience'],
      ['several audiences', claims({ aud: ['latchkey', 'another'] }), 'wrong audience'],
      [
        'several audiences and us as the party',
        claims({ aud: ['latchkey', 'another'], azp: 'latchkey' }),
        'wrong audience'
      ],
      ['no audience in a list', claims({ aud: [] }), 'wrong audience'],
      ['another party of one audience', claims({ azp: 'another' }), 'wrong authorized party'],
      ['another nonce', claims({ nonce: 'x'.repeat(43) }), 'wrong nonce'],
      ['no nonce', claims({ nonce: undefined }), 'invalid answer'],
      ['expired an hour ago', claims({ exp: now() - 3600 }), 'token expired'],
      ['expired 10 s ago', claims({ exp: now() - 10 }), 'token expired'],
      ['no expiry', claims({ exp: undefined }), 'invalid answer'],
      ['issued in an hour', claims({ iat: now() + 3600, exp: now() + 7200 }), 'token of the future'],
      ['issued in 90 s', claims({ iat: now() + 90 }), 'token of the future'],
      ['a time that is text', claims({ iat: String(now()) }), 'invalid answer'],
      ['not valid yet', claims({ nbf: now() + 3600 }), 'token expired'],
      ['no subject', claims({ sub: undefined }), 'invalid answer'],
      ['an empty subject', claims({ sub: '' }), 'invalid subject'],
      ['a long subject', claims({ sub: 'x'.repeat(256) }), 'invalid subject'],
      ['a subject with NUL', claims({ sub: 'ada\0' }), 'invalid subject'],
      ['a number as the subject', claims({ sub: 1 }), 'invalid answer']
    ]
    for (const [lie, lies, reason] of rows) {
      issuer.lies = lies
      t.equal(await signIn().catch(reasonOf), reason, lie)
    }
    issuer.lies = claims({ aud: ['latchkey'], azp: 'latchkey', iat: now() + 50, sub: 'x'.repeat(255) })
    t.match(await signIn(), { subject: 'x'.repeat(255) }, 'a clock that is ahead a little, and the longest subject')
  })

  await t.test('refuses every wrong answer that comes back', async (t) => {
    const provider = create()
    const issuerSays = (more: object) => {
      issuer.lies.answer = (path, answer) =>
        path.startsWith('/.well-known') ? { ...answer, body: { ...(answer.body as object), ...more } } : answer
    }
    const rows: [what: string, change: (answer: URLSearchParams) => void, reason: string][] = [
      ['denied', (answer) => answer.set('error', 'access_denied'), 'access denied'],
      ["denied, in Apple's words", (answer) => answer.set('error', 'user_cancelled_authorize'), 'access denied'],
      ['an error', (answer) => answer.set('error', 'server_error'), 'refused by the provider'],
      ['another state', (answer) => answer.set('state', 'x'.repeat(43)), 'invalid answer'],
      ['no state', (answer) => answer.delete('state'), 'invalid answer'],
      ['two codes', (answer) => answer.append('code', 'another'), 'invalid answer'],
      ['no code', (answer) => answer.delete('code'), 'invalid answer'],
      ['an unknown code', (answer) => answer.set('code', 'unknown'), 'code refused'],
      ['a token as well', (answer) => answer.set('id_token', 'x.y.z'), 'invalid answer'],
      ['another issuer', (answer) => answer.set('iss', 'https://accounts.google.com'), 'wrong issuer'],
      ['an issuer twice', (answer) => answer.append('iss', issuer.url), 'wrong issuer']
    ]
    for (const [what, change, reason] of rows) {
      const answer = issuer.authorize(await provider.begin(SECRETS))
      if (what.endsWith('twice')) answer.set('iss', issuer.url)
      change(answer)
      t.equal(await provider.complete(answer, SECRETS).catch(reasonOf), reason, what)
    }
    const answer = issuer.authorize(await provider.begin(SECRETS))
    answer.set('iss', issuer.url)
    t.match(await provider.complete(answer, SECRETS), { subject: 'ada-1' }, 'the right issuer')
    t.equal(await provider.complete(answer, SECRETS).catch(reasonOf), 'code refused', 'a code that was used')
    const other = issuer.authorize(await provider.begin(SECRETS))
    const verifier = 'x'.repeat(43)
    t.equal(
      await provider.complete(other, { ...SECRETS, verifier }).catch(reasonOf),
      'code refused',
      'another verifier'
    )

    issuerSays({ authorization_response_iss_parameter_supported: true })
    t.equal(await signIn().catch(reasonOf), 'wrong issuer', 'none, though it is announced')
  })

  await t.test('tells a provider that is away from one that refuses', async (t) => {
    const at = (
      wanted: string,
      answer: { status: number; body?: unknown; headers?: Record<string, string> } | undefined
    ): Lies => ({
      answer: (path, honest) => (path === wanted ? answer && { body: '', ...answer } : honest)
    })
    const rows: [what: string, lies: Lies, reason: string][] = [
      ['no answer', at('/token', undefined), 'provider unavailable'],
      ['an error of its own', at('/token', { status: 502 }), 'provider unavailable'],
      ['too many requests', at('/token', { status: 429 }), 'provider unavailable'],
      ['the keys are away', at('/jwks', { status: 503 }), 'provider unavailable'],
      ['a redirect', at('/token', { status: 307, headers: { location: `${issuer.url}/token` } }), 'invalid answer'],
      ['more than 1 MB', at('/token', { status: 200, body: ' '.repeat(2 ** 20 + 1) }), 'invalid answer'],
      ['no JSON', at('/token', { status: 200, body: '<html>' }), 'invalid answer'],
      ['nothing', at('/token', { status: 204 }), 'invalid answer'],
      ['wrong settings', at('/token', { status: 401, body: { error: 'invalid_client' } }), 'client refused'],
      ['keys that are none', at('/jwks', { status: 200, body: { keys: 'none' } }), 'invalid answer']
    ]
    for (const [what, lies, reason] of rows) {
      clock.advance(3600)
      issuer.lies = {
        ...lies,
        claims: (claims) => ({ ...claims, iat: clock.now() / 1000, exp: clock.now() / 1000 + 60 })
      }
      t.equal(await signIn().catch(reasonOf), reason, what)
    }
  })

  await t.test('refuses metadata of another issuer, and unsafe addresses', async (t) => {
    const rows: [more: object, reason: string][] = [
      [{ issuer: 'https://accounts.google.com' }, 'invalid answer'],
      [{ issuer: undefined }, 'invalid answer'],
      [{ token_endpoint: 'http://example.com/token' }, 'invalid answer'],
      [{ authorization_endpoint: 'javascript:alert(1)' }, 'invalid answer'],
      [{ authorization_endpoint: undefined }, 'invalid answer'],
      [{ userinfo_endpoint: 'file:///etc/passwd' }, 'invalid answer'],
      [{ jwks_uri: 1 }, 'invalid answer']
    ]
    for (const [more, reason] of rows) {
      issuer.lies.answer = (_path, answer) => ({ ...answer, body: { ...(answer.body as object), ...more } })
      t.equal(await fetchMetadata(create()).catch(reasonOf), reason, JSON.stringify(more))
    }
  })

  await t.test('fetches metadata once an hour, and does without it while the provider is away', async (t) => {
    const path = '/.well-known/openid-configuration'
    const provider = create()
    issuer.requests.length = 0
    await Promise.all([1, 2, 3].map(() => provider.begin(SECRETS)))
    clock.advance(3590)
    await fetchMetadata(provider)
    t.equal(issuer.count(path), 1)
    clock.advance(10)
    issuer.lies.answer = (_path, answer) => ({ ...answer, status: 503 })
    t.match(await provider.begin(SECRETS), `${issuer.url}/authorize`)
    t.equal(issuer.count(path), 2)
    issuer.lies.answer = (_path, answer) => ({ ...answer, body: {} })
    t.equal(await provider.begin(SECRETS).catch(reasonOf), 'invalid answer', 'an answer that is wrong')
    t.equal(await fetchMetadata(create({}, { url: 'http://127.0.0.1:1' })).catch(reasonOf), 'provider unavailable')
  })

  await t.test('fetches keys again when they are old, and for an unknown one', async (t) => {
    const atNow = (claims: object) => ({ ...claims, iat: clock.now() / 1000, exp: clock.now() / 1000 + 60 })
    const fresh = await createIssuer(t, { algorithm: 'RS256' })
    const provider = create({}, fresh)
    fresh.lies.claims = atNow
    const complete = async () =>
      provider.complete(fresh.authorize(await provider.begin(SECRETS), ADA), SECRETS).catch(reasonOf)
    t.match(await complete(), { subject: 'ada-1' })
    t.match(await complete(), { subject: 'ada-1' })
    t.equal(fresh.count('/jwks'), 1, 'known')
    fresh.rotate()
    t.match(await complete(), { subject: 'ada-1' })
    t.match(await complete(), { subject: 'ada-1' })
    t.equal(fresh.count('/jwks'), 2, 'unknown')
    clock.advance(600)
    t.match(await complete(), { subject: 'ada-1' })
    t.equal(fresh.count('/jwks'), 3, 'old')
    t.match(await complete(), { subject: 'ada-1' })
    t.equal(fresh.count('/jwks'), 3, 'known again')
    fresh.addKey()
    clock.advance(600)
    t.match(await Promise.all([complete(), complete()]), [{ subject: 'ada-1' }, { subject: 'ada-1' }])
    fresh.lies.header = { kid: undefined }
    t.equal(await complete(), 'unknown key', 'two keys and no id')
  })

  await t.test('takes no metadata for many tenants of Microsoft, as the library would', async (t) => {
    const url = 'https://login.microsoftonline.com/common/v2.0'
    const answer = { ...issuer.entry(), issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' }
    const library = await loadOpenId(async () => Response.json(answer), clock)
    t.equal(await library.discover(url).catch(reasonOf), 'wrong issuer')
  })
})
