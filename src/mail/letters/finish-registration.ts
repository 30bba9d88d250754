import { alreadyRegistered } from './already-registered.ts'
import { defineLetter } from './letter.ts'

/**
 * Has the owner of an address finish a registration, in the language in which it was requested; if the address has an account
 * by now, says so instead.
 */
export const finishRegistration = defineLetter({
  kind: 'finish registration',
  variables: [],
  link: { purpose: 'finish registration', page: '/register/finish', lifetime: 24 * 60 * 60, requires: [] },
  async compose(mail, database) {
    const { recipient, data } = mail
    const instead = await alreadyRegistered.compose(mail, database)
    return instead ?? { recipient, locale: data.locale ?? null, variables: {}, token: { email: recipient } }
  }
})
