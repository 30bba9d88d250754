import { test } from 'tap'
import { checkForeignPasskeys, checkPasskeys } from '../../../src/doctor/passkey-checks.ts'

const settings = (given: object) => ({
  PUBLIC_URL: 'https://auth.example.com',
  CORS_ORIGINS: [],
  PASSKEY_ORIGINS: [],
  ...given
})

test('says where users can have passkeys', (t) => {
  const rows: [given: object, message: string][] = [
    [{}, 'RP ID auth.example.com, at https://auth.example.com'],
    [
      { PASSKEY_RP_ID: 'example.com', CORS_ORIGINS: ['https://app.example.com'] },
      'RP ID example.com, at https://auth.example.com, https://app.example.com'
    ],
    [{ PUBLIC_URL: 'http://127.0.0.1:3000' }, 'RP ID localhost, at http://localhost:3000'],
    [{ PUBLIC_URL: 'http://[::1]:3000' }, 'RP ID localhost, at http://localhost:3000']
  ]
  for (const [given, message] of rows) {
    t.strictSame(checkPasskeys(settings(given)), [{ about: 'passkeys', state: 'good', message }])
  }
  t.end()
})

test('warns where they cannot', (t) => {
  for (const PUBLIC_URL of ['https://192.0.2.1', 'http://auth.example.com']) {
    t.strictSame(checkPasskeys(settings({ PUBLIC_URL })), [
      {
        about: 'passkeys',
        state: 'warning',
        message: `none at ${PUBLIC_URL}: browsers have them only on https with a name, and on localhost`,
        fix: 'set PUBLIC_URL to an https:// URL with a name'
      }
    ])
  }
  t.strictSame(checkPasskeys(settings({ CORS_ORIGINS: ['https://app.example.com', 'https://example.org'] })), [
    { about: 'passkeys', state: 'good', message: 'RP ID auth.example.com, at https://auth.example.com' },
    {
      about: 'CORS_ORIGINS',
      state: 'warning',
      message: 'no passkeys at https://app.example.com, https://example.org',
      fix: 'set PASSKEY_RP_ID to a domain above them, or list them in PASSKEY_ORIGINS'
    }
  ])
  t.end()
})

test('finds passkeys of another RP ID', (t) => {
  const party = { id: 'example.com', origins: ['https://example.com'] }
  const bad = (message: string) => [
    {
      about: 'passkeys',
      state: 'bad',
      message,
      fix: 'set PASSKEY_RP_ID or PUBLIC_URL back, or have their owners delete them'
    }
  ]
  t.strictSame(checkForeignPasskeys(0, party), [])
  t.strictSame(checkForeignPasskeys(1, party), bad('1 passkey of another RP ID than example.com: nobody can use them'))
  t.strictSame(
    checkForeignPasskeys(2, undefined),
    bad('2 passkeys stored, but PUBLIC_URL can have none: nobody can use them')
  )
  t.end()
})
