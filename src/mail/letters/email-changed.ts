import { sql } from '../../database/sql.ts'
import type { Addressee } from './addressee.ts'
import { defineLetter } from './letter.ts'

/** Tells the owner of the previous address that an account has another one, and how to undo that. */
export const emailChanged = defineLetter({
  kind: 'email changed',
  variables: ['name', 'new_email'],
  link: { purpose: 'undo email change', page: '/email/change/undo', lifetime: 7 * 24 * 60 * 60, requires: [] },
  async compose({ user_id, recipient, data }, database) {
    const { name, new_email, change } = data as Record<'name' | 'new_email' | 'change', string>
    const [user] = await database.query<Pick<Addressee, 'id' | 'locale'>>(
      sql`SELECT id, locale FROM users WHERE id = ${user_id}`
    )
    return (
      user && {
        recipient,
        locale: user.locale,
        variables: { name, new_email },
        token: { user: user.id, email: recipient, change }
      }
    )
  }
})
