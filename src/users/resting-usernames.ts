import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'

/** A username that an account gave up, and may take back. */
export interface RestingUsername {
  username: string
  until: Date
}

/** The usernames that rest since an account gave them up, in the order of their ends. */
export async function listRestingUsernames(database: Database, clock: Clock, user: string): Promise<RestingUsername[]> {
  return database.query<RestingUsername & Record<string, unknown>>(
    `SELECT username, until FROM resting_usernames
     WHERE user_id = $1 AND until > now() + $2 * interval '1 millisecond' ORDER BY until, username`,
    [user, clock.offset]
  )
}

/**
 * Deletes some of the usernames that rest no longer.
 *
 * @returns how many
 */
export async function purgeRestingUsernames(database: Database, clock: Clock, most: number): Promise<number> {
  const deleted = await database.query(
    `DELETE FROM resting_usernames WHERE username IN (
       SELECT username FROM resting_usernames WHERE until <= now() + $1 * interval '1 millisecond'
       ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED
     )
     RETURNING 1`,
    [clock.offset, most]
  )
  return deleted.length
}
