import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import { type Lifetimes, storedSessions } from './lifetimes.ts'

/** How long an ended session is kept, in seconds. */
export const RETENTION = 30 * 24 * 60 * 60

/** Sessions per step, and so per transaction. */
const BATCH = 500

/** The key of the advisory lock: the letters "purg" as an integer. */
const LOCK = 0x70757267

/** The outcome of one step. */
export interface PurgeStep {
  /** Id of the last session seen; undefined if there are no more, or if another instance is purging. */
  last: string | undefined
  /** Number of expired sessions that were marked as ended. */
  marked: number
  /** Number of deleted sessions. */
  deleted: number
}

/**
 * Processes the next batch of sessions, in one short transaction: marks expired ones as ended, and deletes those that
 * ended before the retention period. It walks the primary key, so that no index has to be updated with each refresh. An
 * advisory lock keeps two instances from purging at once.
 *
 * @param after id of the last session of the previous step
 * @param batch sessions per step
 */
export async function purgeSessions(
  database: Database,
  lifetimes: Lifetimes,
  after = '00000000-0000-0000-0000-000000000000',
  batch = BATCH
): Promise<PurgeStep> {
  return database.transact(async (transaction) => {
    const [lock] = await transaction.query<{ held: boolean }>(sql`SELECT pg_try_advisory_xact_lock(${LOCK}) AS held`)
    if (!lock?.held) return { last: undefined, marked: 0, deleted: 0 }
    const [step] = await transaction.query<PurgeStep>(
      sql`WITH batch AS (
         SELECT id, moment, ended_at, last_used_at, inactive_reason FROM ${storedSessions(lifetimes)}
         WHERE id > ${after} ORDER BY id LIMIT ${batch}
       ), expired AS (
         SELECT sessions.id FROM sessions JOIN batch USING (id)
         WHERE inactive_reason IS NOT NULL AND sessions.ended_at IS NULL AND sessions.last_used_at = batch.last_used_at
         ORDER BY sessions.id
         FOR UPDATE OF sessions SKIP LOCKED
       ), marked AS (
         UPDATE sessions SET ended_at = moment, end_reason = inactive_reason
         FROM batch JOIN expired USING (id)
         WHERE sessions.id = batch.id
         RETURNING 1
       ), deleted AS (
         DELETE FROM sessions
         USING batch
         WHERE sessions.id = batch.id AND extract(epoch FROM moment - batch.ended_at) >= ${RETENTION}
         RETURNING 1
       )
       SELECT (SELECT id FROM batch ORDER BY id DESC LIMIT 1) AS last,
         (SELECT count(*)::int FROM marked) AS marked, (SELECT count(*)::int FROM deleted) AS deleted`
    )
    return { ...(step as PurgeStep), last: step?.last ?? undefined }
  })
}
