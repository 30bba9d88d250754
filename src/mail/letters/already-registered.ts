import { findByEmail, nameFor } from './addressee.ts'
import { defineLetter } from './letter.ts'

/** Tells the owner of an account that somebody tried to register its address again. */
export const alreadyRegistered = defineLetter({
  kind: 'already registered',
  variables: ['name'],
  async compose({ recipient }, database) {
    const user = await findByEmail(database, recipient)
    return user && { recipient: user.email, locale: user.locale, variables: { name: nameFor(user, user.email) } }
  }
})
