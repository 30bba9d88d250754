import { test } from 'tap'
import { createDeviceToken, DEVICE_LIFETIME, readDeviceToken } from '../../src/device.ts'

const USER = '0198a3c2-7f00-7000-8000-0123456789ab'
const KEY = Buffer.alloc(32, 7)
const NOW = Date.UTC(2026, 0, 31)

test('a device token', async (t) => {
  const token = createDeviceToken(USER, NOW, KEY)

  await t.test('tells the user and the device, for a year', async (t) => {
    const device = readDeviceToken(token, NOW, KEY)
    t.match(device, { user: USER, nonce: /^[\w-]{22}$/ })
    t.strictSame(readDeviceToken(token, NOW + (DEVICE_LIFETIME - 1) * 1000, KEY), device)
    t.equal(readDeviceToken(token, NOW + DEVICE_LIFETIME * 1000, KEY), undefined)
  })

  await t.test('is another for each device', async (t) => {
    const nonces = Array.from({ length: 10 }, () => readDeviceToken(createDeviceToken(USER, NOW, KEY), NOW, KEY)?.nonce)
    t.equal(new Set(nonces).size, 10)
  })

  await t.test('fits a cookie as it is', async (t) => {
    t.match(token, /^[\w.-]+$/)
  })

  const [user, nonce, time, signature] = token.split('.') as [string, string, string, string]
  const forged: [what: string, token: string][] = [
    ['nothing', ''],
    ['a word', 'x'],
    ['dots', '...'],
    ['no signature', `${user}.${nonce}.${time}.`],
    ['half a signature', token.slice(0, -20)],
    ['a longer signature', `${token}AAAA`],
    ['another user', [USER.replace('ab', 'ac'), nonce, time, signature].join('.')],
    ['another nonce', [user, nonce.replace(/^./, nonce.startsWith('A') ? 'B' : 'A'), time, signature].join('.')],
    ['a later time', [user, nonce, (Number.parseInt(time, 36) + 1).toString(36), signature].join('.')],
    ['the token of another key', createDeviceToken(USER, NOW, Buffer.alloc(32, 8))]
  ]
  for (const [what, other] of forged) {
    await t.test(`is no ${what}`, async (t) => {
      t.equal(readDeviceToken(other, NOW, KEY), undefined)
    })
  }
})
