import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import { LINKS } from './letters.ts'

/** How long a token is kept after it expired, in seconds: its mail may still be sent for a day, which renews it. */
const TOKEN_KEPT = 2 * 24 * 60 * 60

/** How long a replaced address is kept, in seconds: as long as a token that restores it. */
const CHANGE_KEPT = LINKS['undo email change'].lifetime + TOKEN_KEPT

/**
 * Deletes expired tokens and replaced addresses that no mail can make valid again.
 *
 * @param most how many of each at most
 * @returns how many
 */
export async function purgeEmailTokens(database: Database, most: number): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    sql`WITH tokens AS (
       DELETE FROM email_tokens WHERE hash IN (
         SELECT hash FROM email_tokens WHERE expires_at <= ${NOW} - make_interval(secs => ${TOKEN_KEPT})
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
