import { test } from 'tap'
import type { ProviderSettings } from '../../../src/config/providers-file.ts'
import { createBoundedFetch } from '../../../src/providers/bounded-fetch.ts'
import { createGithubProvider } from '../../../src/providers/github.ts'
import { createOpenIdProvider } from '../../../src/providers/openid.ts'
import { loadOpenId } from '../../../src/providers/openid-client.ts'
import { FederationRefusal, type Provider } from '../../../src/providers/provider.ts'
import { testClock } from '../../helpers/app.ts'
import { CLIENT, createIssuer } from '../../helpers/issuer.ts'

const redirectUri = 'https://auth.example.com/federation/test/callback'

/** What each check says, up to the first that fails. */
async function run({ checks }: Provider): Promise<string[]> {
  const said: string[] = []
  for (const { about, run } of checks) {
    const outcome = await run().catch((error: FederationRefusal) => error)
    if (outcome instanceof FederationRefusal) return [...said, `${about}: ${outcome.reason}`]
    said.push(outcome)
  }
  return said
}

test('the checks of a provider', async (t) => {
  const clock = testClock()
  const issuer = await createIssuer(t)
  const openId = loadOpenId(createBoundedFetch(500), clock)
  const settings: ProviderSettings = {
    id: 'test',
    kind: 'oidc',
    label: 'Test',
    issuer: issuer.url,
    clientId: CLIENT.client_id,
    client: { secret: CLIENT.client_secret },
    scopes: ['openid'],
    trustEmail: false,
    link: 'ask',
    signUp: true
  }
  const context = { clock, openId: () => openId, redirectUri }
  const metadata = `metadata of ${issuer.url}`
  const at = (wanted: string, status: number, body: unknown) => (path: string, honest: object) =>
    (path === wanted ? { status, body } : honest) as { status: number; body: unknown }

  t.afterEach(() => {
    issuer.lies = {}
  })

  await t.test('find metadata, keys, and whether the client is known', async (t) => {
    t.strictSame(await run(createOpenIdProvider(settings, context)), [metadata, '1 key', 'client not refused'])
    const token = issuer.requests.find(({ path }) => path === '/token')
    t.equal(new URLSearchParams(token?.body).get('redirect_uri'), redirectUri)
    const announced = (path: string, honest: { body: unknown; status: number }) =>
      path.startsWith('/.well-known')
        ? { ...honest, body: { ...(honest.body as object), authorization_response_iss_parameter_supported: true } }
        : honest
    issuer.lies.answer = announced
    t.strictSame(await run(createOpenIdProvider(settings, context)), [metadata, '1 key', 'client not refused'])
  })

  await t.test('say what is wrong', async (t) => {
    const keys = (...all: unknown[]) => at('/jwks', 200, { keys: all })
    const rows: [what: string, answer: NonNullable<typeof issuer.lies.answer>, said: string[]][] = [
      ['no metadata', at('/.well-known/openid-configuration', 404, {}), ['metadata: invalid answer']],
      ['keys away', at('/jwks', 503, {}), [metadata, 'keys: provider unavailable']],
      ['no keys', at('/jwks', 404, {}), [metadata, 'keys: invalid answer']],
      ['keys without JSON', at('/jwks', 200, '<html>'), [metadata, 'keys: invalid answer']],
      ['null', at('/jwks', 200, null), [metadata, 'keys: invalid answer']],
      ['no list', at('/jwks', 200, {}), [metadata, 'keys: invalid answer']],
      ['none that signs', keys(null, {}, { kty: 'RSA', use: 'enc' }), [metadata, 'keys: unknown key']],
      ['a wrong secret', at('/token', 401, { error: 'invalid_client' }), [metadata, '1 key', 'client: client refused']],
      ['no token endpoint', at('/token', 404, '<html>'), [metadata, '1 key', 'client: invalid answer']],
      [
        'one that gives tokens for any code',
        at('/token', 200, { access_token: 'x', token_type: 'bearer' }),
        [metadata, '1 key', 'client: invalid answer']
      ]
    ]
    for (const [what, answer, said] of rows) {
      issuer.lies.answer = answer
      t.strictSame(await run(createOpenIdProvider(settings, context)), said, what)
    }
  })

  await t.test('ask GitHub about the client alone', async (t) => {
    const github = createGithubProvider({ ...settings, kind: 'github' }, context)
    t.strictSame(await run(github), ['client not refused'])
    issuer.lies.answer = at('/login/oauth/access_token', 200, { error: 'incorrect_client_credentials' })
    t.strictSame(await run(github), ['client: client refused'])
    issuer.lies.answer = at('/login/oauth/access_token', 200, { access_token: 'x', token_type: 'bearer' })
    t.strictSame(await run(github), ['client: invalid answer'], 'one that gives tokens for any code')
  })
})
