import { requireOtherAdmin } from '../admin/roles.ts'
import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'
import type { Lifetimes } from '../sessions/lifetimes.ts'
import { findSessionUser, type SessionOfUser } from '../sessions/sessions.ts'
import type { Credentials } from '../users/credentials.ts'
import { deleteUser } from '../users/users.ts'

/**
 * Deletes the account of a signed-in user.
 *
 * @param session the current session
 * @param credentials against which the current password was verified, if the account has one
 * @returns false if, since the credentials were read, the password was changed or the account deleted
 * @throws Problem TOKEN_INVALID if the session is not active; LAST_ADMIN
 */
export async function deleteOwnAccount(
  database: Database,
  lifetimes: Lifetimes,
  session: SessionOfUser,
  { id, password_version }: Pick<Credentials, 'id' | 'password_version'>
): Promise<boolean> {
  return database.transact(async (transaction) => {
    await requireOtherAdmin(transaction, id)
    const rows = await transaction.query(
      sql`SELECT FROM users WHERE id = ${id} AND password_version = ${password_version} FOR UPDATE`
    )
    if (rows.length === 0) return false
    // After the lock: everything that ends all sessions of an account locks it too.
    if (!(await findSessionUser(transaction, lifetimes, session))) throw new Problem('TOKEN_INVALID')
    await deleteUser(transaction, id)
    return true
  })
}
