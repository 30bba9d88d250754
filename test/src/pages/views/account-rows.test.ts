import { test } from 'tap'
import { renderData, renderFactors, renderNames, renderPasskeys } from '../../../../src/pages/views/account-rows.ts'
import type { Mfa } from '../../../../src/schemas/mfa.ts'
import type { Passkey } from '../../../../src/schemas/passkeys.ts'
import type { User } from '../../../../src/schemas/users.ts'
import { pageContext, textOf } from '../../../helpers/page.ts'

const PAGE = { ...pageContext({}, { path: '/pages/account' }), now: Date.parse('2026-06-09T12:00:00Z') }
const TIME = '2026-06-03T12:00:00.000Z'
const ID = '0198a3c2-7f00-7000-8000-000000000000'

/** What a person reads in rows, one text a row, and where their buttons lead. */
const read = (rows: unknown[]) => rows.map(textOf)
const linksOf = (html: unknown) => [...String(html).matchAll(/(?:href|action)="([^"]*)"/g)].map(([, url]) => url)

test('the names of an account', async (t) => {
  const user = (given: Partial<User>): User => ({
    id: ID,
    username: 'ada',
    email: 'ada@example.com',
    email_verified: false,
    created_at: TIME,
    ...given
  })
  const [none, noAddress] = [
    'Username None yet. With one you can sign in without typing your address. Choose',
    'Email address None yet. With one you can replace a forgotten password.'
  ]
  const rows: [given: Partial<User>, sendsMail: boolean, texts: string[], links: string[]][] = [
    [
      {},
      true,
      ['Username ada Change', 'Email address not confirmed ada@example.com Send the mail again Change'],
      ['username', 'email/resend', 'email']
    ],
    [{}, false, ['Username ada Change', 'Email address not confirmed ada@example.com'], ['username']],
    [
      { email_verified: true },
      true,
      ['Username ada Change', 'Email address confirmed ada@example.com Change'],
      ['username', 'email']
    ],
    [{ email: null }, true, ['Username ada Change', `${noAddress} Add`], ['username', 'email']],
    [{ email: null }, false, ['Username ada Change', noAddress], ['username']],
    [
      { username: null, email_verified: true },
      true,
      [none, 'Email address confirmed ada@example.com Change'],
      ['username', 'email']
    ]
  ]
  for (const [given, sendsMail, texts, links] of rows) {
    const html = renderNames(PAGE, user(given), sendsMail)
    t.strictSame(read(html), texts)
    t.strictSame(
      linksOf(html.join('')),
      links.map((path) => `../pages/account/${path}`)
    )
  }
})

test('the password and the second factors', async (t) => {
  const password = 'Password Changing it signs you out everywhere else. Change'
  const [app, noApp] = [
    'Authenticator app on Since 3 June 2026 Change',
    'Authenticator app off Shows a code that you enter after your password. Set up'
  ]
  const [on, off] = [
    'Second step on After your password you are asked for one more step. Turn off',
    'Second step off Your password alone signs you in. Turn on'
  ]
  const totp = { created_at: TIME }
  const rows: [mfa: Mfa, texts: string[]][] = [
    [{ required: false, totp: null, passkeys: 0, recovery_codes: 0 }, [password, noApp]],
    [
      { required: false, totp: null, passkeys: 1, recovery_codes: 0 },
      [password, noApp, off, 'Recovery codes 0 of 10 left Make new ones']
    ],
    [
      { required: true, totp, passkeys: 0, recovery_codes: 8 },
      [password, app, on, 'Recovery codes 8 of 10 left Make new ones']
    ]
  ]
  for (const [mfa, texts] of rows) t.strictSame(read(renderFactors(PAGE, mfa, true)), texts)
  const none = { required: false, totp: null, passkeys: 0, recovery_codes: 0 }
  t.strictSame(read(renderFactors(PAGE, none, false)), [
    'Password None. With one you can also sign in by name and password. Set up',
    noApp
  ])
  t.strictSame(
    linksOf(renderFactors(PAGE, { required: true, totp, passkeys: 0, recovery_codes: 8 }, true).join('')),
    ['password', 'totp', 'mfa', 'recovery-codes'].map((path) => `../pages/account/${path}`)
  )
  t.strictSame(
    linksOf(renderFactors(PAGE, { required: true, totp: null, passkeys: 0, recovery_codes: 8 }, true).join('')),
    ['password', 'totp', 'mfa', 'recovery-codes'].map((path) => `../pages/account/${path}`),
    'a second step is required, and the passkeys are of another RP ID'
  )
})

test('the passkeys', async (t) => {
  const passkey = (given: Partial<Passkey>): Passkey => ({
    id: ID,
    credential_id: 'x',
    name: 'My <phone>',
    created_at: TIME,
    last_used_at: null,
    backup_eligible: false,
    backed_up: false,
    ...given
  })
  const rows: [passkeys: Passkey[], text: string][] = [
    [[], 'None yet. A passkey signs you in by your fingerprint, your face or the lock of your device.'],
    [[passkey({})], 'My &lt;phone&gt; one device Added 3 June 2026, never used Rename Delete'],
    [
      [passkey({ backup_eligible: true, last_used_at: '2026-06-08T12:00:00.000Z' })],
      'My &lt;phone&gt; synced Added 3 June 2026, last used yesterday Rename Delete'
    ]
  ]
  for (const [passkeys, text] of rows) t.equal(textOf(renderPasskeys(PAGE, passkeys)), `${text} Add a passkey`)
  const html = String(renderPasskeys(PAGE, [passkey({})]))
  t.strictSame(linksOf(html), [
    `../pages/account/passkeys/rename?id=${ID}`,
    `../pages/account/passkeys/delete?id=${ID}`,
    '../pages/account/passkeys'
  ])
  t.match(html, 'aria-label="Rename: My &lt;phone&gt;"')
})

test('what can be done with all the data', async (t) => {
  const html = renderData(PAGE)
  t.strictSame(read(html), [
    'Download your data All that is stored about you here, as a JSON file. Download',
    'Delete the account Deletes the account and all its data. It cannot be undone. Delete'
  ])
  t.strictSame(linksOf(html.join('')), ['../pages/account/export', '../pages/account/delete'])
})
