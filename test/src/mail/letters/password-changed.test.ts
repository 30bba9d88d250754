import { passwordChanged } from '../../../../src/mail/letters/password-changed.ts'
import { NOBODY, testLetter } from '../../../helpers/letter.ts'

const template = 'password-changed'

testLetter(passwordChanged, ({ ada, grace }) => [
  [
    'names the username if the address is verified',
    { recipient: 'grace@example.com', user_id: grace },
    { template, recipient: 'grace@example.com', locale: 'de', variables: { name: 'grace' } }
  ],
  [
    'names only the address if that is not verified',
    { recipient: 'ada@example.com', user_id: ada },
    { template, recipient: 'ada@example.com', locale: null, variables: { name: 'ada@example.com' } }
  ],
  [
    'goes to the address at the time of the change',
    { recipient: 'before@example.com', user_id: grace },
    { template, recipient: 'before@example.com', locale: 'de', variables: { name: 'grace' } }
  ],
  ['is pointless once the account is deleted', { recipient: 'ada@example.com', user_id: NOBODY }, undefined]
])
