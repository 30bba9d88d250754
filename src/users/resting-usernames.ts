import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'

/** A username that an account gave up, and may take back. */
export interface RestingUsername {
  username: string
  until: Date
}

/** The usernames that rest since an account gave them up, in the order of their ends. */
export async function listRestingUsernames(database: Database, user: string): Promise<RestingUsername[]> {
  return database.query<RestingUsername & Record<string, unknown>>(
    sql`SELECT username, until FROM resting_usernames
     WHERE user_id = ${user} AND until > ${NOW} ORDER BY until, username`
  )
}

/**
 * Deletes some of the usernames that rest no longer.
 *
 * @returns how many
 */
export async function purgeRestingUsernames(database: Database, most: number): Promise<number> {
  const deleted = await database.query(
    sql`DELETE FROM resting_usernames WHERE username IN (
       SELECT username FROM resting_usernames WHERE until <= ${NOW}
       ORDER BY until LIMIT ${most} FOR UPDATE SKIP LOCKED
     )
     RETURNING 1`
  )
  return deleted.length
}
