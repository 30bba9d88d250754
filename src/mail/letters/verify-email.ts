import { findAddressee } from './addressee.ts'
import { defineLetter } from './letter.ts'

/** Asks for a proof that the address of an account belongs to its owner. */
export const verifyEmail = defineLetter({
  kind: 'verify email',
  variables: [],
  link: {
    purpose: 'verify email',
    page: '/email/verify',
    lifetime: 24 * 60 * 60,
    requires: ['same email', 'own address']
  },
  async compose(mail, database) {
    const user = await findAddressee(database, mail)
    if (!user || user.email_verified) return undefined
    const { id, email, locale } = user
    return { recipient: email, locale, variables: {}, token: { user: id, email } }
  }
})
