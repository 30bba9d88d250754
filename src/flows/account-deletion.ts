import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import type { Credentials } from '../users/credentials.ts'
import { deleteUser } from '../users/users.ts'

/**
 * Deletes the account of a user whose password was verified.
 *
 * @returns false if, since the credentials were read, the password was changed or the account deleted
 */
export async function deleteOwnAccount(
  database: Database,
  { id, password_version }: Pick<Credentials, 'id' | 'password_version'>
): Promise<boolean> {
  return database.transact(async (transaction) => {
    const rows = await transaction.query(
      sql`SELECT FROM users WHERE id = ${id} AND password_version = ${password_version} FOR UPDATE`
    )
    if (rows.length === 0) return false
    await deleteUser(transaction, id)
    return true
  })
}
