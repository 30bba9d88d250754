import { test } from 'tap'
import type { ProviderSettings } from '../../../src/config/providers-file.ts'
import { createProviders, lazyOpenId } from '../../../src/providers/providers.ts'
import { testClock } from '../../helpers/app.ts'

const google: ProviderSettings = {
  id: 'google',
  kind: 'google',
  label: 'Google',
  issuer: 'https://accounts.google.com',
  clientId: 'latchkey',
  client: { secret: 'a secret' },
  scopes: ['openid'],
  trustEmail: true,
  link: 'ask',
  signUp: true
}
const github: ProviderSettings = { ...google, id: 'github', kind: 'github', issuer: 'https://github.com' }

test('the providers are in order, each with its redirect address', async (t) => {
  const clock = testClock()
  const openId = lazyOpenId(clock)
  const PUBLIC_URL = 'https://example.com/auth'
  const providers = createProviders({ PROVIDERS: [github, google], PUBLIC_URL }, { clock, openId })
  t.strictSame(
    [...providers].map(([id, { settings, redirectUri }]) => [id, settings.id, redirectUri]),
    [
      ['github', 'github', 'https://example.com/auth/federation/github/callback'],
      ['google', 'google', 'https://example.com/auth/federation/google/callback']
    ]
  )
  const about = (id: string) => providers.get(id)?.checks.map((check) => check.about)
  t.strictSame(about('google'), ['metadata', 'keys', 'client'])
  t.strictSame(about('github'), ['client'])
  t.equal(openId(), openId(), 'loads once')
  await openId()
})
