import { findAddressee, nameFor } from './addressee.ts'
import { defineLetter, type Link } from './letter.ts'

/** The link with which the owner of an account chooses a password. */
export const RESET_LINK = {
  purpose: 'reset password',
  page: '/password/reset',
  lifetime: 30 * 60,
  requires: ['same password', 'same email', 'own address']
} as const satisfies Link

/** How long an invitation is valid, in seconds. */
export const INVITATION_LIFETIME = 7 * 24 * 60 * 60

/**
 * Has the owner of an account choose a new password. Anybody can request it, and it voids an invitation: it is then valid for
 * as long.
 */
export const resetPassword = defineLetter({
  kind: 'reset password',
  variables: ['name'],
  link: RESET_LINK,
  async compose(mail, database) {
    const user = await findAddressee(database, mail)
    return (
      user && {
        recipient: user.email,
        locale: user.locale,
        variables: { name: nameFor(user, user.email) },
        token: { user: user.id, email: user.email, ...(user.invited && { lifetime: INVITATION_LIFETIME }) }
      }
    )
  }
})
