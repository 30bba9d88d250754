import { sql } from '../../database/sql.ts'
import { defineLetter } from './letter.ts'

/** Asks the owner of a new address to confirm that an account may use it. */
export const confirmNewEmail = defineLetter({
  kind: 'confirm new email',
  variables: ['name'],
  link: {
    purpose: 'confirm new email',
    page: '/email/change/confirm',
    lifetime: 24 * 60 * 60,
    requires: ['same password', 'same email']
  },
  async compose({ user_id, recipient, data }, database) {
    const [account] = await database.query<{ id: string; name: string; locale: string | null }>(
      sql`SELECT id, coalesce(username, email) AS name, locale FROM users WHERE id = ${user_id}`
    )
    const { password_version: passwordVersion, email_version: emailVersion } = data
    return (
      account && {
        recipient,
        locale: account.locale,
        variables: { name: account.name },
        token: { user: account.id, email: recipient, passwordVersion, emailVersion }
      }
    )
  }
})
