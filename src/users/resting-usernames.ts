import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'

/**
 * A previous username of an account. It rests, which keeps others from taking it, while access tokens may carry it; the
 * account itself may take it back.
 */
export interface RestingUsername {
  username: string
  until: Date
}

/** Lists the resting usernames of a user, by the time at which they become free. */
export async function listRestingUsernames(database: Database, user: string): Promise<RestingUsername[]> {
  return database.query<RestingUsername>(
    sql`SELECT username, until FROM resting_usernames
     WHERE user_id = ${user} AND until > ${NOW} ORDER BY until, username`
  )
}

/**
 * Deletes usernames that no longer rest.
 *
 * @param most the largest number to delete
 * @returns the number of deleted rows
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
