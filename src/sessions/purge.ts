import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import { type Lifetimes, storedSessions } from './lifetimes.ts'

/** How long a session that is over is kept, with its reason, in seconds. */
export const RETENTION = 30 * 24 * 60 * 60

/** How many sessions one step looks at: few enough that nothing waits for it long. */
const BATCH = 500

/** Any number that nothing else in the database locks: the letters "purg" as an integer. */
const LOCK = 0x70757267

/** What one step did. */
export interface PurgeStep {
  /** The last session that it looked at; none when there are no more, or when another instance is at it. */
  last: string | undefined
  /** How many have run out and are now marked so. */
  marked: number
  /** How many were deleted. */
  deleted: number
}

/**
 * Looks at the next few sessions in the order of their ids, which needs no index of its own to be kept up with each
 * refresh: those that have run out are marked as ended, with the reason, and those that were over for long enough are
 * deleted. One short transaction, under a lock that one transaction at a time holds: an instance that meets another at it
 * leaves the rest to that one.
 *
 * @param after the id to go on after
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
         SELECT id, moment, ended_at, last_used_at, over FROM ${storedSessions(lifetimes)}
         WHERE id > ${after} ORDER BY id LIMIT ${batch}
       ), run_out AS (
         SELECT sessions.id FROM sessions JOIN batch USING (id)
         WHERE over IS NOT NULL AND sessions.ended_at IS NULL AND sessions.last_used_at = batch.last_used_at
         ORDER BY sessions.id
         FOR UPDATE OF sessions SKIP LOCKED
       ), marked AS (
         UPDATE sessions SET ended_at = moment, end_reason = over
         FROM batch JOIN run_out USING (id)
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
