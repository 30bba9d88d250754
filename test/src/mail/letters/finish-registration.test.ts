import { finishRegistration } from '../../../../src/mail/letters/finish-registration.ts'
import { testLetter } from '../../../helpers/letter.ts'

testLetter(finishRegistration, ({ grace }) => [
  [
    'goes to an address without an account',
    { recipient: 'New@example.com' },
    {
      template: 'finish-registration',
      recipient: 'New@example.com',
      locale: null,
      variables: {},
      token: { email: 'New@example.com' }
    }
  ],
  [
    'is in the language of the request',
    { recipient: 'New@example.com', data: { locale: 'ar' } },
    {
      template: 'finish-registration',
      recipient: 'New@example.com',
      locale: 'ar',
      variables: {},
      token: { email: 'New@example.com' }
    }
  ],
  [
    'tells the owner of an account that there is one, in the language of the account',
    { recipient: 'GRACE@example.com', user_id: grace, data: { locale: 'ar' } },
    { template: 'already-registered', recipient: 'grace@example.com', locale: 'de', variables: { name: 'grace' } }
  ]
])
