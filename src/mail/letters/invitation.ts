import { findAddressee, nameFor } from './addressee.ts'
import { defineLetter } from './letter.ts'
import { INVITATION_LIFETIME, RESET_LINK } from './reset-password.ts'

/**
 * Invites the owner of an account without a password to choose one. Its token is one of a password reset that is valid for
 * longer: a later letter of either kind voids it. A password that is set before it is sent does too: nothing is sent then.
 */
export const invitation = defineLetter({
  kind: 'invitation',
  variables: ['name'],
  link: { ...RESET_LINK, lifetime: INVITATION_LIFETIME },
  async compose(mail, database) {
    const user = await findAddressee(database, mail)
    return (
      user && {
        recipient: user.email,
        locale: user.locale,
        variables: { name: nameFor(user, user.email) },
        token: { user: user.id, email: user.email, passwordVersion: mail.data.password_version }
      }
    )
  }
})
