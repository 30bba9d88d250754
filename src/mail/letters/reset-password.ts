import { findAddressee, nameFor } from './addressee.ts'
import { defineLetter } from './letter.ts'

/** Has the owner of an account choose a new password. */
export const resetPassword = defineLetter({
  kind: 'reset password',
  variables: ['name'],
  link: {
    purpose: 'reset password',
    page: '/password/reset',
    lifetime: 30 * 60,
    requires: ['same password', 'same email', 'own address']
  },
  async compose(mail, database) {
    const user = await findAddressee(database, mail)
    return (
      user && {
        recipient: user.email,
        locale: user.locale,
        variables: { name: nameFor(user, user.email) },
        token: { user: user.id, email: user.email }
      }
    )
  }
})
