import { alreadyRegistered } from './already-registered.ts'
import { defineLetter } from './letter.ts'

/** Has the owner of an address finish a registration; if the address has an account by now, says so instead. */
export const finishRegistration = defineLetter({
  kind: 'finish registration',
  variables: [],
  link: { purpose: 'finish registration', page: '/register/finish', lifetime: 24 * 60 * 60, requires: [] },
  async compose(mail, database) {
    const instead = await alreadyRegistered.compose(mail, database)
    return instead ?? { recipient: mail.recipient, variables: {}, token: { email: mail.recipient } }
  }
})
