import type { Clock } from './clock.ts'
import type { Database } from './database.ts'

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

/** Deletes the usernames that rest no longer. */
export async function purgeRestingUsernames(database: Database, clock: Clock): Promise<void> {
  await database.query("DELETE FROM resting_usernames WHERE until <= now() + $1 * interval '1 millisecond'", [
    clock.offset
  ])
}
