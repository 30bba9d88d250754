import type { Database } from '../../database/database.ts'
import { sql } from '../../database/sql.ts'
import { type Addressee, nameFor } from './addressee.ts'
import { defineLetter } from './letter.ts'

/** Tells the owner of an account that people who sign in at a provider sign in to it. */
export const identityLinked = defineLetter({
  kind: 'identity linked',
  variables: ['name', 'provider'],
  async compose({ user_id, recipient, data }, database: Database) {
    const [user] = await database.query<Pick<Addressee, 'username' | 'email_verified' | 'locale'>>(
      sql`SELECT username, email_verified, locale FROM users WHERE id = ${user_id}`
    )
    const provider = String(data.provider)
    return user && { recipient, locale: user.locale, variables: { name: nameFor(user, recipient), provider } }
  }
})
