import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { test } from 'tap'
import type { ProviderSettings } from '../../../src/config/providers-file.ts'
import { clientSecretOf } from '../../../src/providers/apple.ts'
import { createBoundedFetch } from '../../../src/providers/bounded-fetch.ts'
import { createOpenIdProvider } from '../../../src/providers/openid.ts'
import { loadOpenId } from '../../../src/providers/openid-client.ts'
import { testClock } from '../../helpers/app.ts'
import { CLIENT, createIssuer } from '../../helpers/issuer.ts'

const SECRETS = { state: 's'.repeat(43), nonce: 'n'.repeat(43), verifier: 'v'.repeat(43) }
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = String(privateKey.export({ format: 'pem', type: 'pkcs8' }))

test('Apple as a provider', async (t) => {
  const clock = testClock()
  const issuer = await createIssuer(t)
  const settings: ProviderSettings = {
    id: 'apple',
    kind: 'apple',
    label: 'Apple',
    issuer: issuer.url,
    clientId: CLIENT.client_id,
    client: { team: 'TEAM', keyId: 'KEY', key },
    scopes: ['openid', 'email'],
    trustEmail: true,
    link: 'ask',
    signUp: true
  }
  const openId = loadOpenId(createBoundedFetch(), clock)
  const redirectUri = 'https://auth.example.com/federation/apple/callback'
  const apple = createOpenIdProvider(settings, { clock, openId: () => openId, redirectUri })

  await t.test('signs a client secret for each request', (t) => {
    const [header, claims, signature] = clientSecretOf(settings, 1_700_000_000_999).split('.') as [
      string,
      string,
      string
    ]
    const read = (part: string) => JSON.parse(String(Buffer.from(part, 'base64url')))
    t.strictSame(read(header), { alg: 'ES256', kid: 'KEY' })
    t.strictSame(read(claims), {
      iss: 'TEAM',
      iat: 1_700_000_000,
      exp: 1_700_000_300,
      aud: issuer.url,
      sub: CLIENT.client_id
    })
    const how = { key: createPublicKey(privateKey), dsaEncoding: 'ieee-p1363' } as const
    t.ok(verify('sha256', Buffer.from(`${header}.${claims}`), how, Buffer.from(signature, 'base64url')))
    t.equal(clientSecretOf({ ...settings, client: { secret: 'plain' } }, 0), 'plain')
    t.end()
  })

  await t.test('asks for the answer as a form, and takes "true" as text', async (t) => {
    for (const [email_verified, expected] of [
      ['true', true],
      [true, true],
      ['false', false],
      ['yes', false]
    ] as const) {
      const address = await apple.begin(SECRETS)
      t.equal(new URL(address).searchParams.get('response_mode'), 'form_post')
      const visitor = { sub: '001.ada', email: 'x7@privaterelay.appleid.com', email_verified }
      t.strictSame(await apple.complete(issuer.authorize(address, visitor), SECRETS), {
        issuer: issuer.url,
        subject: '001.ada',
        email: 'x7@privaterelay.appleid.com',
        emailIsVerified: expected
      })
    }
  })
})
