import { test } from 'tap'
import { hasFactor } from '../../../src/schemas/mfa.ts'

test('an account has a factor with an app, with a passkey, or where one is required', async (t) => {
  const none = { required: false, totp: null, passkeys: 0 }
  t.equal(hasFactor(none), false)
  t.equal(hasFactor({ ...none, required: true }), true)
  t.equal(hasFactor({ ...none, totp: { created_at: '2026-06-03T00:00:00.000Z' } }), true)
  t.equal(hasFactor({ ...none, passkeys: 1 }), true)
})
