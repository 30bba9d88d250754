import { test } from 'tap'
import type { ProviderSettings } from '../../../src/config/providers-file.ts'
import { checkProvider, checkProviders } from '../../../src/doctor/provider-checks.ts'
import { type Check, FederationRefusal, type Provider, type Reason } from '../../../src/providers/provider.ts'

const PUBLIC_URL = 'https://auth.example.com'

const settingsOf = (more: Partial<ProviderSettings> = {}): ProviderSettings => ({
  id: 'ours',
  kind: 'oidc',
  label: 'Ours',
  issuer: 'https://id.example.com',
  clientId: 'latchkey',
  client: { secret: 'a secret' },
  scopes: ['openid'],
  trustEmail: false,
  link: 'ask',
  signUp: true,
  ...more
})

/** A provider of which only the settings and the checks are used. */
const providerWith = (checks: Check[], more?: Partial<ProviderSettings>): Provider =>
  ({ settings: settingsOf(more), checks }) as unknown as Provider

const found = (about: Check['about'], message: string): Check => ({ about, run: async () => message })
const failing = (about: Check['about'], reason: Reason): Check => ({
  about,
  run: () => Promise.reject(new FederationRefusal(reason))
})

test('checkProvider', async (t) => {
  await t.test('says what was found', async (t) => {
    const checks = [found('metadata', 'metadata of x'), found('keys', '2 keys')]
    t.strictSame(await checkProvider(providerWith(checks)), [
      { about: 'provider ours', state: 'good', message: 'metadata of x, 2 keys' }
    ])
  })

  await t.test('warns of an issuer without TLS', async (t) => {
    const provider = providerWith([found('keys', '1 key')], { issuer: 'http://127.0.0.1:8080' })
    t.strictSame(await checkProvider(provider), [
      {
        about: 'provider ours',
        state: 'warning',
        message: 'its issuer has no TLS: only this machine can use it',
        fix: 'set issuer to an https:// URL'
      },
      { about: 'provider ours', state: 'good', message: '1 key' }
    ])
  })

  const client = (names: string) => `copy ${names} again: they may be wrong, expired or revoked`
  const connect = 'check the issuer, and that this machine can connect to it'
  const metadata = 'its metadata at /.well-known/openid-configuration'
  const keys = 'its keys at the jwks_uri of its metadata'
  const rows: [check: Check, kind: ProviderSettings['kind'], message: string, fix: string][] = [
    [failing('metadata', 'provider unavailable'), 'oidc', `${metadata}: no answer`, connect],
    [
      failing('metadata', 'wrong issuer'),
      'microsoft',
      `${metadata}: another issuer`,
      'set issuer to exactly the one in the metadata'
    ],
    [
      failing('metadata', 'invalid answer'),
      'oidc',
      `${metadata}: not an answer of such a provider`,
      'check kind and issuer'
    ],
    [
      failing('keys', 'unknown key'),
      'oidc',
      `${keys}: no signing key`,
      'without one, no token can be verified: ask its operator'
    ],
    [failing('client', 'provider unavailable'), 'github', 'its token endpoint: no answer', connect],
    [
      failing('client', 'client refused'),
      'google',
      'refuses this service as its client',
      client('client_id and client_secret')
    ],
    [
      failing('client', 'client refused'),
      'apple',
      'refuses this service as its client',
      client('client_id, team, key_id and key')
    ]
  ]
  for (const [check, kind, message, fix] of rows) {
    await t.test(`says of ${kind}: ${message}`, async (t) => {
      const never: Check = { about: 'client', run: () => t.fail('the first that fails is the last') as never }
      t.strictSame(await checkProvider(providerWith([check, never], { kind })), [
        { about: 'provider ours', state: 'bad', message, fix }
      ])
    })
  }
})

test('checkProvider does not hide a fault of its own', async (t) => {
  const check: Check = { about: 'client', run: () => Promise.reject(new Error('a fault')) }
  await t.rejects(checkProvider(providerWith([check])), { message: 'a fault' })
})

test('checkProviders checks each', async (t) => {
  const issuer = 'http://127.0.0.1:1'
  const PROVIDERS = [settingsOf({ id: 'a', issuer }), settingsOf({ id: 'b', kind: 'github', issuer })]
  t.match(await checkProviders({ PROVIDERS, PUBLIC_URL }), [
    { about: 'provider a', state: 'warning' },
    { about: 'provider a', state: 'bad', message: /metadata.*: no answer/ },
    { about: 'provider b', state: 'warning' },
    { about: 'provider b', state: 'bad', message: 'its token endpoint: no answer' }
  ])
  t.strictSame(await checkProviders({ PROVIDERS: [], PUBLIC_URL }), [])
})
