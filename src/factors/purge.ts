import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'

/** How long a login step is kept after its end, in seconds. */
const STEP_KEPT = 24 * 60 * 60

/**
 * How long a spent challenge is kept after it has expired, in seconds. It expires by the clocks of instances, and is deleted
 * by that of the database: they differ by far less.
 */
const CHALLENGE_KEPT = 60 * 60

/**
 * Deletes some of the login steps, spent challenges and unconfirmed TOTP secrets that have expired.
 *
 * @param most how many of each
 * @returns how many
 */
export async function purgeFactors(database: Database, most: number): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    sql`WITH steps AS (
       DELETE FROM login_steps WHERE hash IN (
         SELECT hash FROM login_steps WHERE expires_at <= ${NOW} - make_interval(secs => ${STEP_KEPT})
         ORDER BY expires_at LIMIT ${most} FOR UPDATE SKIP LOCKED
       )
       RETURNING 1
     ), challenges AS (
       DELETE FROM spent_challenges WHERE hash IN (
         SELECT hash FROM spent_challenges WHERE over_at <= ${NOW} - make_interval(secs => ${CHALLENGE_KEPT})
         ORDER BY over_at LIMIT ${most} FOR UPDATE SKIP LOCKED
       )
       RETURNING 1
     ), waiting AS (
       SELECT user_id, secret FROM totp WHERE pending_until <= ${NOW}
       ORDER BY pending_until LIMIT ${most} FOR UPDATE SKIP LOCKED
     ), dropped AS (
       DELETE FROM totp USING waiting WHERE totp.user_id = waiting.user_id AND waiting.secret IS NULL RETURNING 1
     ), cleared AS (
       UPDATE totp SET pending = NULL, pending_until = NULL
       FROM waiting WHERE totp.user_id = waiting.user_id AND waiting.secret IS NOT NULL
       RETURNING 1
     )
     SELECT ((SELECT count(*) FROM steps) + (SELECT count(*) FROM challenges) + (SELECT count(*) FROM dropped)
       + (SELECT count(*) FROM cleared))::int AS count`
  )
  return (row as { count: number }).count
}
