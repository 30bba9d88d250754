import type { Database } from '../database/database.ts'
import type { Credentials } from '../users/credentials.ts'
import { remove } from '../users/users.ts'

/**
 * Deletes the account of who has given its password, as `deleteAccount` does.
 *
 * @returns whether it was still there, with that password
 */
export async function deleteOwnAccount(
  database: Database,
  { id, password_version }: Pick<Credentials, 'id' | 'password_version'>
): Promise<boolean> {
  return database.transact(async (transaction) => {
    const rows = await transaction.query('SELECT FROM users WHERE id = $1 AND password_version = $2 FOR UPDATE', [
      id,
      password_version
    ])
    if (rows.length === 0) return false
    await remove(transaction, id)
    return true
  })
}
