import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import { LIFETIMES } from './email-tokens.ts'

/** How long a mail may go on being sent, with some to spare, in seconds: a token that is over is remembered as long. */
const OUTLIVED_BY = 2 * 24 * 60 * 60

/** For how long a replaced address is kept: a mail may wait for a day before it is sent, and its token lives for seven. */
const CHANGE_KEPT = LIFETIMES['undo email change'] + OUTLIVED_BY

/**
 * Deletes some of the tokens and of the replaced addresses that are over, and cannot be sent again.
 *
 * @returns how many
 */
export async function purgeEmailTokens(database: Database, most: number): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    sql`WITH tokens AS (
       DELETE FROM email_tokens WHERE hash IN (
         SELECT hash FROM email_tokens WHERE expires_at <= ${NOW} - make_interval(secs => ${OUTLIVED_BY})
         ORDER BY expires_at LIMIT ${most} FOR UPDATE SKIP LOCKED
       )
       RETURNING 1
     ), changes AS (
       DELETE FROM email_changes WHERE id IN (
         SELECT id FROM email_changes WHERE changed_at <= ${NOW} - make_interval(secs => ${CHANGE_KEPT})
         ORDER BY changed_at LIMIT ${most} FOR UPDATE SKIP LOCKED
       )
       RETURNING 1
     )
     SELECT ((SELECT count(*) FROM tokens) + (SELECT count(*) FROM changes))::int AS count`
  )
  return (row as { count: number }).count
}
