import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'

/** How long a login step is kept after it has expired, in seconds. */
const STEP_KEPT = 24 * 60 * 60

/**
 * How long a spent challenge is kept after it has expired, in seconds. The clocks of instances decide when it expires,
 * that of the database when it is deleted: the margin is far larger than their difference.
 */
const CHALLENGE_KEPT = 60 * 60

/**
 * Deletes some of the login steps, spent challenges and unconfirmed TOTP secrets that have expired.
 *
 * @param limit maximum number of rows of each kind
 * @returns the number of deleted or cleared rows
 */
export async function purgeFactors(database: Database, limit: number): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    sql`WITH steps AS (
       DELETE FROM login_steps WHERE hash IN (
         SELECT hash FROM login_steps WHERE expires_at <= ${NOW} - make_interval(secs => ${STEP_KEPT})
         ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
       )
       RETURNING 1
     ), challenges AS (
       DELETE FROM spent_challenges WHERE hash IN (
         SELECT hash FROM spent_challenges WHERE over_at <= ${NOW} - make_interval(secs => ${CHALLENGE_KEPT})
         ORDER BY over_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
       )
       RETURNING 1
     ), waiting AS (
       SELECT user_id, secret FROM totp WHERE pending_until <= ${NOW}
       ORDER BY pending_until LIMIT ${limit} FOR UPDATE SKIP LOCKED
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
