import { resetPassword } from '../../../../src/mail/letters/reset-password.ts'
import { testLetter } from '../../../helpers/letter.ts'

testLetter(resetPassword, ({ ada, grace, invited }) => [
  [
    'is valid for as long as the invitation that it voids',
    { recipient: 'invited@example.com', user_id: invited },
    {
      template: 'reset-password',
      recipient: 'invited@example.com',
      locale: null,
      variables: { name: 'invited@example.com' },
      token: { user: invited, email: 'invited@example.com', lifetime: 604_800 }
    }
  ],
  [
    'names the username if the address is verified',
    { recipient: 'GRACE@example.com', user_id: grace },
    {
      template: 'reset-password',
      recipient: 'grace@example.com',
      locale: 'de',
      variables: { name: 'grace' },
      token: { user: grace, email: 'grace@example.com' }
    }
  ],
  [
    'names only the address if that is not verified',
    { recipient: 'ada@example.com', user_id: ada },
    {
      template: 'reset-password',
      recipient: 'Ada@example.com',
      locale: null,
      variables: { name: 'Ada@example.com' },
      token: { user: ada, email: 'Ada@example.com' }
    }
  ],
  ['is pointless for an address without an account', { recipient: 'nobody@example.com' }, undefined],
  ['is pointless once the account has another address', { recipient: 'other@example.com', user_id: grace }, undefined]
])
