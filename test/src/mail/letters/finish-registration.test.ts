import { finishRegistration } from '../../../../src/mail/letters/finish-registration.ts'
import { testLetter } from '../../../helpers/letter.ts'

testLetter(finishRegistration, ({ grace }) => [
  [
    'goes to an address without an account',
    { recipient: 'New@example.com' },
    {
      template: 'finish-registration',
      recipient: 'New@example.com',
      variables: {},
      token: { email: 'New@example.com' }
    }
  ],
  [
    'tells the owner of an account that there is one',
    { recipient: 'GRACE@example.com', user_id: grace },
    { template: 'already-registered', recipient: 'grace@example.com', variables: { name: 'grace' } }
  ]
])
