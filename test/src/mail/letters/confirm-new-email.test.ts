import { confirmNewEmail } from '../../../../src/mail/letters/confirm-new-email.ts'
import { NOBODY, testLetter } from '../../../helpers/letter.ts'

const recipient = 'new@example.com'
const data = { password_version: '2', email_version: '3' }
const versions = { passwordVersion: '2', emailVersion: '3' }

testLetter(confirmNewEmail, ({ grace, eve }) => [
  [
    'names the username, and is about the versions at the time of the request',
    { recipient, user_id: grace, data },
    {
      template: 'confirm-new-email',
      recipient,
      locale: 'de',
      variables: { name: 'grace' },
      token: { user: grace, email: recipient, ...versions }
    }
  ],
  [
    'names the previous address of an account without a username',
    { recipient, user_id: eve, data },
    {
      template: 'confirm-new-email',
      recipient,
      locale: null,
      variables: { name: 'eve@example.com' },
      token: { user: eve, email: recipient, ...versions }
    }
  ],
  ['is pointless once the account is deleted', { recipient, user_id: NOBODY, data }, undefined]
])
