import { alreadyRegistered } from '../../../../src/mail/letters/already-registered.ts'
import { testLetter } from '../../../helpers/letter.ts'

const template = 'already-registered'

testLetter(alreadyRegistered, () => [
  [
    'names the username if the address is verified',
    { recipient: 'GRACE@example.com' },
    { template, recipient: 'grace@example.com', locale: 'de', variables: { name: 'grace' } }
  ],
  [
    'names only the address if that is not verified',
    { recipient: 'ada@example.com' },
    { template, recipient: 'Ada@example.com', locale: null, variables: { name: 'Ada@example.com' } }
  ],
  ['is pointless without an account', { recipient: 'nobody@example.com' }, undefined]
])
