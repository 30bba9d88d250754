import { test } from 'tap'
import { PasswordChange, PasswordReset } from '../../../src/schemas/passwords.ts'
import { letters, validator } from '../../helpers/schemas.ts'

test('bodies with a new password leave its policy to PASSWORD_REJECTED', (t) => {
  const table: [name: string, schema: Parameters<typeof validator>[0], body: unknown, faults: string[]][] = [
    ['PasswordReset', PasswordReset, { token: 'x', new_password: '' }, []],
    ['PasswordReset', PasswordReset, { token: 'x', new_password: letters(5000) }, []],
    ['PasswordReset', PasswordReset, { token: '', new_password: 'x' }, ['/token must have at least 1 characters']],
    ['PasswordReset', PasswordReset, { token: 'x' }, ['/new_password is required']],
    ['PasswordReset', PasswordReset, { token: 'x', new_password: 1 }, ['/new_password must be string']],
    ['PasswordChange', PasswordChange, { current_password: 'x', new_password: '' }, []],
    // May be left out with a fresh token of two factors: the route checks that.
    ['PasswordChange', PasswordChange, { new_password: 'x' }, []],
    [
      'PasswordChange',
      PasswordChange,
      { current_password: letters(1025), new_password: 'x' },
      ['/current_password must have at most 1024 characters']
    ],
    [
      'PasswordChange',
      PasswordChange,
      { current_password: 'x', new_password: 'x', username: 'ada' },
      ['/username is not a known key']
    ]
  ]
  for (const [name, schema, body, faults] of table) {
    t.strictSame(validator(schema)(body), faults, `${name} ${JSON.stringify(body).slice(0, 80)}`)
  }
  t.end()
})
