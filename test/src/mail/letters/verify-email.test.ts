import { verifyEmail } from '../../../../src/mail/letters/verify-email.ts'
import { testLetter } from '../../../helpers/letter.ts'

testLetter(verifyEmail, ({ ada, grace }) => [
  [
    'goes to the address as the account has it',
    { recipient: 'ADA@example.com', user_id: ada },
    {
      template: 'verify-email',
      recipient: 'Ada@example.com',
      locale: null,
      variables: {},
      token: { user: ada, email: 'Ada@example.com' }
    }
  ],
  ['is pointless once the address is verified', { recipient: 'grace@example.com', user_id: grace }, undefined],
  ['is pointless once the account has another address', { recipient: 'other@example.com', user_id: ada }, undefined],
  ['is pointless once another account has the address', { recipient: 'ada@example.com', user_id: grace }, undefined]
])
