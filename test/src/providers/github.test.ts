import { test } from 'tap'
import type { ProviderSettings } from '../../../src/config/providers-file.ts'
import { createBoundedFetch } from '../../../src/providers/bounded-fetch.ts'
import { createGithubProvider } from '../../../src/providers/github.ts'
import { loadOpenId } from '../../../src/providers/openid-client.ts'
import { FederationRefusal } from '../../../src/providers/provider.ts'
import { testClock } from '../../helpers/app.ts'
import { CLIENT, createIssuer, type Visitor } from '../../helpers/issuer.ts'

const redirectUri = 'https://auth.example.com/federation/github/callback'
const SECRETS = { state: 's'.repeat(43), nonce: 'n'.repeat(43), verifier: 'v'.repeat(43) }
const ADA: Visitor = { sub: 583231, email: 'ada@example.com', email_verified: true }

const reasonOf = (error: unknown) => (error instanceof FederationRefusal ? error.reason : error)

test('GitHub as a provider', async (t) => {
  const clock = testClock()
  const issuer = await createIssuer(t)
  const openId = loadOpenId(createBoundedFetch(500), clock)
  const settings: ProviderSettings = {
    id: 'github',
    kind: 'github',
    label: 'GitHub',
    issuer: issuer.url,
    clientId: CLIENT.client_id,
    client: { secret: CLIENT.client_secret },
    scopes: ['user:email'],
    trustEmail: true,
    link: 'ask',
    signUp: true
  }
  const create = (more: Partial<ProviderSettings> = {}) =>
    createGithubProvider({ ...settings, ...more }, { clock, openId: () => openId, redirectUri })
  const signIn = async (visitor = ADA, provider = create()) =>
    provider.complete(issuer.authorize(await provider.begin(SECRETS), visitor), SECRETS)

  t.afterEach(() => {
    issuer.lies = {}
  })

  await t.test('begins without a nonce: it has no ID tokens', async (t) => {
    const address = new URL(await create({ issuer: 'https://github.com' }).begin(SECRETS))
    t.equal(`${address.origin}${address.pathname}`, 'https://github.com/login/oauth/authorize')
    t.strictSame([...address.searchParams.keys()].sort(), [
      'client_id',
      'code_challenge',
      'code_challenge_method',
      'redirect_uri',
      'response_type',
      'scope',
      'state'
    ])
  })

  await t.test('returns the numeric id, and the verified primary address', async (t) => {
    const identity = { issuer: issuer.url, subject: '583231' }
    t.strictSame(await signIn(), { ...identity, email: 'ada@example.com', emailIsVerified: true })
    t.strictSame(await signIn({ ...ADA, email_verified: false }), { ...identity, emailIsVerified: false })
    t.strictSame(await signIn(ADA, create({ trustEmail: false })), {
      ...identity,
      email: 'ada@example.com',
      emailIsVerified: false
    })
    t.match(issuer.requests.find(({ path }) => path === '/login/oauth/access_token')?.body, 'client_secret=')
  })

  await t.test('refuses what is wrong', async (t) => {
    const at = (wanted: string, status: number, body: unknown) => ({
      answer: (path: string, honest: { status: number; body: unknown }) => (path === wanted ? { status, body } : honest)
    })
    const rows: [what: string, lies: typeof issuer.lies, visitor: Visitor, reason: string][] = [
      ['no id', {}, { ...ADA, sub: undefined }, 'invalid subject'],
      ['a login name', {}, { ...ADA, sub: 'ada' }, 'invalid subject'],
      ['zero', {}, { ...ADA, sub: 0 }, 'invalid subject'],
      ['no user', at('/api/v3/user', 200, null), ADA, 'invalid subject'],
      ['refused', at('/api/v3/user', 403, {}), ADA, 'invalid answer'],
      [
        'a challenge',
        {
          answer: (path, honest) =>
            path === '/api/v3/user' ? { status: 401, body: '', headers: { 'www-authenticate': 'Bearer' } } : honest
        },
        ADA,
        'invalid answer'
      ],
      ['no JSON', at('/api/v3/user', 200, '<html>'), ADA, 'invalid answer'],
      ['no list', at('/api/v3/user/emails?per_page=100', 200, { message: 'x' }), ADA, 'invalid answer'],
      ['away', at('/api/v3/user/emails?per_page=100', 502, {}), ADA, 'provider unavailable'],
      // GitHub reports its errors with 200.
      ['an error', at('/login/oauth/access_token', 200, { error: 'bad_verification_code' }), ADA, 'code refused'],
      [
        'a wrong secret',
        at('/login/oauth/access_token', 200, { error: 'incorrect_client_credentials' }),
        ADA,
        'client refused'
      ],
      ['nothing', at('/login/oauth/access_token', 200, {}), ADA, 'invalid answer']
    ]
    for (const [what, lies, visitor, reason] of rows) {
      issuer.lies = lies
      t.equal(await signIn(visitor).catch(reasonOf), reason, what)
    }
    issuer.lies = at('/api/v3/user/emails?per_page=100', 200, [
      null,
      { email: 'x@example.com', primary: true, verified: 'true' }
    ])
    t.match(await signIn(), { emailIsVerified: false }, 'no verified address')
    t.notMatch(await signIn(), { email: String })
    issuer.lies = {}
    const provider = create()
    const answer = issuer.authorize(await provider.begin(SECRETS), ADA)
    answer.set('iss', 'https://evil.example.com')
    t.equal(await provider.complete(answer, SECRETS).catch(reasonOf), 'wrong issuer')
    answer.set('iss', `${issuer.url}/login/oauth`)
    t.match(await provider.complete(answer, SECRETS), { subject: '583231' })
  })
})
