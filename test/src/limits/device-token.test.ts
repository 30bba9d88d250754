import { test } from 'tap'
import { createDeviceToken, DEVICE_LIFETIME, isDeviceOf, readDeviceToken } from '../../../src/limits/device-token.ts'

const OWNER = { id: '0198a3c2-7f00-7000-8000-0123456789ab', password_version: 3, device_version: 2_147_483_647 }
const KEY = Buffer.alloc(32, 7)
const NOW = Date.UTC(2026, 0, 31)

test('a device token', async (t) => {
  const token = createDeviceToken(OWNER, NOW, KEY)

  await t.test('identifies the owner and the device, for a year', async (t) => {
    const device = readDeviceToken(token, NOW, KEY)
    t.match(device, { ...OWNER, nonce: /^[\w-]{22}$/ })
    t.strictSame(readDeviceToken(token, NOW + (DEVICE_LIFETIME - 1) * 1000, KEY), device)
    t.equal(readDeviceToken(token, NOW + DEVICE_LIFETIME * 1000, KEY), undefined)
  })

  await t.test('carries any id that an import accepts', async (t) => {
    const owner = { ...OWNER, id: '0f8fad5b-d9cb-069f-f165-70867728950e' }
    t.match(readDeviceToken(createDeviceToken(owner, NOW, KEY), NOW, KEY), owner)
  })

  await t.test('differs for each device, and is bound to its nonce', async (t) => {
    const tokens = Array.from({ length: 10 }, () => createDeviceToken(OWNER, NOW, KEY))
    t.equal(new Set(tokens.map((each) => readDeviceToken(each, NOW, KEY)?.nonce)).size, 10)
    t.equal(new Set(tokens.map((each) => each.slice(22))).size, 10)
  })

  await t.test(
    'needs no encoding in a cookie, has a constant length, and reveals nothing about the account',
    async (t) => {
      for (const owner of [OWNER, { ...OWNER, password_version: 1, device_version: 1 }]) {
        const other = createDeviceToken(owner, NOW, KEY)
        t.match(other, /^[\w-]{83}$/)
        t.notOk(Buffer.from(other, 'base64url').includes(Buffer.from(OWNER.id.replaceAll('-', ''), 'hex')))
      }
    }
  )

  /** The token with one bit changed. */
  const changed = (at: number) => {
    const bytes = Buffer.from(token, 'base64url')
    bytes[at] = (bytes[at] as number) ^ 1
    return bytes.toString('base64url')
  }
  const forged: [what: string, token: string][] = [
    ['nothing', ''],
    ['a word', 'x'],
    ['a token of the form before', `${OWNER.id}.${'a'.repeat(22)}.tgz.${'b'.repeat(43)}`],
    ['part of one', token.slice(0, -1)],
    ['a longer one', `${token}A`],
    ['one in another alphabet', `${token.slice(0, -1)}+`],
    ['zeros', 'A'.repeat(83)],
    ['one with another nonce', changed(0)],
    ['one with another user', changed(16)],
    ['one with another time', changed(37)],
    ['one with another password version', changed(41)],
    ['one with another device version', changed(45)],
    ['one with another tag', changed(61)],
    ['the token of another key', createDeviceToken(OWNER, NOW, Buffer.alloc(32, 8))]
  ]
  for (const [what, other] of forged) {
    await t.test(`is not ${what}`, async (t) => {
      t.equal(readDeviceToken(other, NOW, KEY), undefined)
    })
  }
})

test('a device is one of an account', async (t) => {
  const device = { ...OWNER, nonce: 'n' }
  t.equal(isDeviceOf(device, OWNER), true)
  const others: [what: string, is: boolean][] = [
    ['where there is no device', isDeviceOf(undefined, OWNER)],
    ['where there is no account', isDeviceOf(device, undefined)],
    ['where there is neither', isDeviceOf(undefined, undefined)],
    ['of another account', isDeviceOf(device, { ...OWNER, id: '0198a3c2-7f00-7000-8000-0123456789ac' })],
    ['from before a change of the password', isDeviceOf(device, { ...OWNER, password_version: 4 })],
    ['that was voided', isDeviceOf({ ...device, device_version: 1 }, OWNER)]
  ]
  for (const [what, is] of others) t.equal(is, false, `not ${what}`)
})
