import { emailChanged } from '../../../../src/mail/letters/email-changed.ts'
import { NOBODY, testLetter } from '../../../helpers/letter.ts'

const change = '00000000-0000-7000-8000-000000000001'

testLetter(emailChanged, ({ ada }) => [
  [
    'names the account and its new address, with a link that undoes the change',
    {
      recipient: 'before@example.com',
      user_id: ada,
      data: { name: 'ada', new_email: 'Ada@example.com', change }
    },
    {
      template: 'email-changed',
      recipient: 'before@example.com',
      locale: null,
      variables: { name: 'ada', new_email: 'Ada@example.com' },
      token: { user: ada, email: 'before@example.com', change }
    }
  ],
  [
    'is pointless once the account is deleted',
    { recipient: 'before@example.com', user_id: NOBODY, data: { name: 'ada', new_email: 'Ada@example.com', change } },
    undefined
  ]
])
