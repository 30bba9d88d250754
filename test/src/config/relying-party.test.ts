import { test } from 'tap'
import {
  hasPasskeys,
  originsWithoutPasskeys,
  type PasskeySettings,
  passkeyUrl,
  type RelyingParty,
  readRelyingParty,
  relatedOrigins
} from '../../../src/config/relying-party.ts'

const settings = (given: Partial<PasskeySettings>): PasskeySettings => ({
  PUBLIC_URL: 'https://auth.example.com',
  CORS_ORIGINS: [],
  PASSKEY_ORIGINS: [],
  ...given
})

test('the relying party comes from the settings', (t) => {
  const APP = 'android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck'
  const rows: [given: Partial<PasskeySettings>, id: string, origins: string[]][] = [
    [{}, 'auth.example.com', ['https://auth.example.com']],
    [{ PUBLIC_URL: 'https://auth.example.com:8443/base' }, 'auth.example.com', ['https://auth.example.com:8443']],
    [{ PUBLIC_URL: 'https://auth' }, 'auth', ['https://auth']],
    [{ PASSKEY_RP_ID: 'example.com' }, 'example.com', ['https://auth.example.com']],
    [
      {
        PASSKEY_RP_ID: 'example.com',
        CORS_ORIGINS: [
          'https://app.example.com',
          'https://example.com',
          'https://badexample.com',
          'http://app.example.com',
          'https://example.net',
          'http://localhost:5173'
        ]
      },
      'example.com',
      ['https://auth.example.com', 'https://app.example.com', 'https://example.com']
    ],
    [
      { CORS_ORIGINS: ['https://app.example.com', 'https://sub.auth.example.com'] },
      'auth.example.com',
      ['https://auth.example.com', 'https://sub.auth.example.com']
    ],
    [
      { PASSKEY_ORIGINS: ['https://example.net', APP], CORS_ORIGINS: ['https://sub.auth.example.com'] },
      'auth.example.com',
      ['https://example.net', APP]
    ],
    [{ PUBLIC_URL: 'http://localhost:3000' }, 'localhost', ['http://localhost:3000']],
    [{ PUBLIC_URL: 'http://127.0.0.1:3000' }, 'localhost', ['http://127.0.0.1:3000', 'http://localhost:3000']],
    [{ PUBLIC_URL: 'http://127.0.0.1' }, 'localhost', ['http://127.0.0.1', 'http://localhost']],
    [{ PUBLIC_URL: 'http://[::1]:3000' }, 'localhost', ['http://[::1]:3000', 'http://localhost:3000']],
    [{ PUBLIC_URL: 'https://127.0.0.1:3000' }, 'localhost', ['https://127.0.0.1:3000', 'https://localhost:3000']],
    [
      { PUBLIC_URL: 'http://127.0.0.1:3000', CORS_ORIGINS: ['http://localhost:5173', 'http://127.0.0.1:5173'] },
      'localhost',
      ['http://127.0.0.1:3000', 'http://localhost:3000', 'http://localhost:5173']
    ],
    [
      { PUBLIC_URL: 'http://127.0.0.1:3000', PASSKEY_RP_ID: 'localhost', PASSKEY_ORIGINS: ['http://localhost:5173'] },
      'localhost',
      ['http://localhost:5173', 'http://localhost:3000']
    ],
    [{ PUBLIC_URL: 'http://auth.localhost:3000' }, 'auth.localhost', ['http://auth.localhost:3000']]
  ]
  for (const [given, id, origins] of rows) {
    t.strictSame(readRelyingParty(settings(given)), { party: { id, origins }, faults: [] }, JSON.stringify(given))
  }
  t.end()
})

test('there are no passkeys where browsers have none', (t) => {
  const urls = [
    'http://auth.example.com',
    'https://192.0.2.1',
    'http://192.0.2.1',
    'https://[2001:db8::1]',
    'http://auth'
  ]
  for (const PUBLIC_URL of urls) t.strictSame(readRelyingParty(settings({ PUBLIC_URL })), { faults: [] }, PUBLIC_URL)
  t.end()
})

test('settings that do not fit are faults', (t) => {
  const rows: [given: Partial<PasskeySettings>, faults: string[]][] = [
    ...['com', 'example.net', 'ample.com', 'sub.auth.example.com', 'localhost'].map(
      (PASSKEY_RP_ID): [Partial<PasskeySettings>, string[]] => [
        { PASSKEY_RP_ID },
        ['PASSKEY_RP_ID must be auth.example.com or a domain above it, of more than one label']
      ]
    ),
    [
      { PASSKEY_ORIGINS: ['http://app.example.com', 'https://app.example.com', 'http://127.0.0.1:3000'] },
      ['PASSKEY_ORIGINS must be of https with a name, or http://localhost: browsers have no passkeys elsewhere']
    ],
    [
      { PUBLIC_URL: 'https://192.0.2.1', PASSKEY_RP_ID: 'example.com', PASSKEY_ORIGINS: ['https://example.com'] },
      ['PASSKEY_RP_ID', 'PASSKEY_ORIGINS'].map(
        (name) =>
          `${name} must not be set where PUBLIC_URL is neither https with a name nor on this machine: it has no passkeys`
      )
    ]
  ]
  for (const [given, faults] of rows) t.strictSame(readRelyingParty(settings(given)), { faults })
  t.end()
})

test('browsers have passkeys at names, with TLS or on this machine', (t) => {
  const rows: [origin: string, has: boolean][] = [
    ['https://example.com', true],
    ['http://example.com', false],
    ['https://192.0.2.1', false],
    ['https://[2001:db8::1]:8443', false],
    ['http://localhost:3000', true],
    ['http://auth.localhost', true],
    ['http://127.0.0.1:3000', false],
    ['https://127.0.0.1', false],
    ['android:apk-key-hash:x', true]
  ]
  for (const [origin, has] of rows) t.equal(hasPasskeys(origin), has, origin)
  t.end()
})

test('origins that need more than the RP ID are known', (t) => {
  const given = settings({
    PASSKEY_RP_ID: 'example.com',
    PASSKEY_ORIGINS: [
      'https://auth.example.com',
      'https://example.com',
      'https://example.net',
      'android:apk-key-hash:x'
    ],
    CORS_ORIGINS: ['https://example.net', 'https://example.org', 'https://app.example.com']
  })
  const party = readRelyingParty(given).party as RelyingParty
  t.strictSame(relatedOrigins(party), ['https://example.net'])
  t.strictSame(originsWithoutPasskeys(party, given), ['https://example.org', 'https://app.example.com'])
  t.end()
})

test('a page at an IP address of this machine has a twin at which passkeys work', (t) => {
  const LOCAL = 'http://127.0.0.1:3000'
  const rows: [publicUrl: string, host: string | undefined, url: string | undefined][] = [
    [LOCAL, '127.0.0.1:3000', 'http://localhost:3000'],
    [LOCAL, '127.0.0.2', 'http://localhost:3000'],
    [LOCAL, '[::1]:3000', 'http://localhost:3000'],
    [LOCAL, '192.0.2.1:3000', 'http://localhost:3000'],
    [LOCAL, 'localhost:3000', undefined],
    [LOCAL, undefined, undefined],
    [LOCAL, 'not a host', undefined],
    ['http://[::1]:3000/base', '[::1]:3000', 'http://localhost:3000/base'],
    ['http://127.0.0.1', '127.0.0.1', 'http://localhost'],
    ['http://localhost:3000', '127.0.0.1:3000', 'http://localhost:3000'],
    ['http://auth.localhost:3000', '127.0.0.1:3000', 'http://auth.localhost:3000'],
    ['https://auth.example.com', '127.0.0.1:3000', undefined],
    ['https://127.0.0.1', '127.0.0.1', undefined],
    ['http://192.0.2.1', '192.0.2.1', undefined]
  ]
  for (const [publicUrl, host, url] of rows) t.equal(passkeyUrl(publicUrl, host), url, `${publicUrl} by ${host}`)
  t.end()
})
