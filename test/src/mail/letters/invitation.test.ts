import { invitation } from '../../../../src/mail/letters/invitation.ts'
import { testLetter } from '../../../helpers/letter.ts'

testLetter(invitation, ({ ada, grace }) => [
  [
    'names only the address, which is not verified yet',
    { recipient: 'ada@example.com', user_id: ada },
    {
      template: 'invitation',
      recipient: 'Ada@example.com',
      locale: null,
      variables: { name: 'Ada@example.com' },
      token: { user: ada, email: 'Ada@example.com', passwordVersion: undefined }
    }
  ],
  [
    'names the username if the address is verified',
    { recipient: 'GRACE@example.com', user_id: grace, data: { password_version: '3' } },
    {
      template: 'invitation',
      recipient: 'grace@example.com',
      locale: 'de',
      variables: { name: 'grace' },
      token: { user: grace, email: 'grace@example.com', passwordVersion: '3' }
    }
  ],
  ['is pointless once the account has another address', { recipient: 'other@example.com', user_id: grace }, undefined]
])
