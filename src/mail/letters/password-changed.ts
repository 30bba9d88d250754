import type { Database } from '../../database/database.ts'
import { sql } from '../../database/sql.ts'
import { type Addressee, nameFor } from './addressee.ts'
import { defineLetter } from './letter.ts'

/** Tells the owner of an account that its password was changed, at the address that it had then. */
export const passwordChanged = defineLetter({
  kind: 'password changed',
  variables: ['name'],
  async compose({ user_id, recipient }, database: Database) {
    const [user] = await database.query<Pick<Addressee, 'username' | 'email_verified' | 'locale'>>(
      sql`SELECT username, email_verified, locale FROM users WHERE id = ${user_id}`
    )
    return user && { recipient, locale: user.locale, variables: { name: nameFor(user, recipient) } }
  }
})
