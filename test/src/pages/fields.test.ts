import { test } from 'tap'
import { CURRENT_PASSWORD, EMAIL, NAME, newPassword, RECOVERY_CODE, TOTP, USERNAME } from '../../../src/pages/fields.ts'

test('the fields have the keys of the bodies, and tell password managers what they contain', async (t) => {
  const fields = [
    CURRENT_PASSWORD,
    newPassword('password', 8),
    newPassword('new_password', 8),
    USERNAME,
    EMAIL,
    NAME,
    TOTP,
    RECOVERY_CODE
  ]
  t.strictSame(
    fields.map(({ name, type, autocomplete, verbatim = false }) => [name, type, autocomplete, verbatim]),
    [
      ['password', 'password', 'current-password', false],
      ['password', 'password', 'new-password', false],
      ['new_password', 'password', 'new-password', false],
      ['username', 'text', 'username', true],
      ['email', 'email', 'email', false],
      ['name', 'text', 'username webauthn', true],
      ['totp', 'text', 'one-time-code', true],
      ['recovery_code', 'text', 'off', true]
    ]
  )
})

test('a new password is labelled as new beside an old one, and has the rule of its length', async (t) => {
  t.match(newPassword('password', 10), { label: 'password', hint: { text: 'password.hint', values: { min: 10 } } })
  t.match(newPassword('new_password', 8), { label: 'password.new', hint: { values: { min: 8 } } })
})
