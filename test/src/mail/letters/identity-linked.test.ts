import { identityLinked } from '../../../../src/mail/letters/identity-linked.ts'
import { NOBODY, testLetter } from '../../../helpers/letter.ts'

const template = 'identity-linked'
const data = { provider: 'Example' }

testLetter(identityLinked, ({ grace }) => [
  [
    'names the account and the provider',
    { recipient: 'grace@example.com', user_id: grace, data },
    { template, recipient: 'grace@example.com', locale: 'de', variables: { name: 'grace', provider: 'Example' } }
  ],
  ['is pointless once the account is deleted', { recipient: 'grace@example.com', user_id: NOBODY, data }, undefined]
])
