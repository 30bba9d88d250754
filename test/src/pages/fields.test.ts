import { test } from 'tap'
import { CURRENT_PASSWORD, FIRST_PASSWORD, NEW_PASSWORD, USERNAME } from '../../../src/pages/fields.ts'

test('the fields have the keys of the bodies, and tell password managers what they hold', (t) => {
  t.strictSame(
    [CURRENT_PASSWORD, FIRST_PASSWORD, NEW_PASSWORD, USERNAME].map(({ name, type, autocomplete, optional }) => [
      name,
      type,
      autocomplete,
      optional
    ]),
    [
      ['password', 'password', 'current-password', undefined],
      ['password', 'password', 'new-password', undefined],
      ['new_password', 'password', 'new-password', undefined],
      ['username', 'text', 'username', true]
    ]
  )
  t.end()
})
