import { securityNotice } from '../../../../src/mail/letters/security-notice.ts'
import { NOBODY, testLetter } from '../../../helpers/letter.ts'

const template = 'security-notice'

testLetter(securityNotice, ({ ada, grace }) => [
  [
    'names the event and the account',
    { recipient: 'grace@example.com', user_id: grace, data: { what: 'second step on' } },
    {
      template,
      recipient: 'grace@example.com',
      locale: 'de',
      variables: { name: 'grace', what: { text: 'second step on' } }
    }
  ],
  [
    'names only the address if that is not verified by now',
    { recipient: 'ada@example.com', user_id: ada, data: { what: 'passkey added' } },
    {
      template,
      recipient: 'ada@example.com',
      locale: null,
      variables: { name: 'ada@example.com', what: { text: 'passkey added' } }
    }
  ],
  [
    'counts the recovery codes that are left',
    { recipient: 'grace@example.com', user_id: grace, data: { what: 'recovery code used', left: '9' } },
    {
      template,
      recipient: 'grace@example.com',
      locale: 'de',
      variables: { name: 'grace', what: { text: 'recovery code used', numbers: { left: 9 } } }
    }
  ],
  [
    'is pointless once the account is deleted',
    { recipient: 'ada@example.com', user_id: NOBODY, data: { what: 'passkey added' } },
    undefined
  ],
  [
    'leaves out an event that only a newer version knows',
    { recipient: 'grace@example.com', user_id: grace, data: { what: 'something new' } },
    undefined
  ]
])
