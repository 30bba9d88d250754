import { test } from 'tap'
import {
  AccountDeletion,
  AccountDeletionByPassword,
  AccountExport,
  HiddenRegistration,
  NewNames,
  Registration,
  RegistrationEnd,
  RegistrationWithEmail,
  User,
  UserChange
} from '../../../src/schemas/users.ts'
import { letters, validator } from '../../helpers/schemas.ts'

const NAMES = 'at least one of username and email is required'

test('bodies about accounts', (t) => {
  const password = letters(8)
  const email = 'ada@example.com'
  const table: [name: string, schema: Parameters<typeof validator>[0], body: unknown, faults: string[]][] = [
    ['NewNames', NewNames, { username: 'ada' }, []],
    ['NewNames', NewNames, {}, [NAMES]],
    ['Registration', Registration, { username: 'ada', password }, []],
    ['Registration', Registration, { email, password: '' }, []],
    ['Registration', Registration, { password }, [NAMES]],
    ['Registration', Registration, { username: 'ada' }, ['/password is required']],
    ['Registration', Registration, { username: 'ada', password, admin: true }, ['/admin is not a known key']],
    ['Registration', Registration, { username: 'ada', password: 12345678 }, ['/password must be string']],
    ['RegistrationWithEmail', RegistrationWithEmail, { email, password }, []],
    ['RegistrationWithEmail', RegistrationWithEmail, { username: 'ada', password }, ['/email is required']],
    ['HiddenRegistration', HiddenRegistration, { email }, []],
    ['HiddenRegistration', HiddenRegistration, { email, password }, ['/password is not a known key']],
    ['RegistrationEnd', RegistrationEnd, { token: 'x', password }, []],
    ['RegistrationEnd', RegistrationEnd, { token: 'x', password, username: 'ada' }, []],
    ['RegistrationEnd', RegistrationEnd, { password }, ['/token is required']],
    ['UserChange', UserChange, { username: 'ada.lovelace' }, []],
    ['UserChange', UserChange, { username: 'a' }, ['/username must have at least 3 characters']],
    ['UserChange', UserChange, {}, ['/username is required']],
    ['AccountDeletion', AccountDeletion, { current_password: 'x' }, []],
    ['AccountDeletion', AccountDeletion, {}, []],
    ['AccountDeletion', AccountDeletion, { sure: true }, ['/sure is not a known key']],
    ['AccountDeletionByPassword', AccountDeletionByPassword, {}, ['/current_password is required']]
  ]
  for (const [name, schema, body, faults] of table) {
    t.strictSame(validator(schema)(body), faults, `${name} ${JSON.stringify(body)}`)
  }
  t.end()
})

test('a user has every key, and no other', (t) => {
  const user = {
    id: '0198a3c2-7f00-7000-8000-000000000000',
    username: 'ada',
    email: null,
    email_verified: false,
    created_at: '2026-01-31T12:00:00.000Z'
  }
  const faultsOf = validator(User)
  t.strictSame(faultsOf(user), [])
  t.strictSame(faultsOf({ ...user, password_hash: 'x' }), ['/password_hash is not a known key'])
  for (const key of Object.keys(user)) t.match(faultsOf({ ...user, [key]: undefined }), [`/${key} is required`])
  t.end()
})

test('the personal export refuses unknown keys at every level', (t) => {
  t.equal(AccountExport.additionalProperties, false)
  for (const [name, { items }] of Object.entries(AccountExport.properties).filter(
    ([, { items }]) => items?.type === 'object'
  )) {
    t.equal(items.additionalProperties, false, name)
  }
  t.end()
})
