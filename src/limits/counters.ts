import type { Database } from '../database/database.ts'
import { asNumber, NOW, type Statement, sql } from '../database/sql.ts'
import { type Limit, WIDE } from './rates.ts'

/** The counted key; or, if the limit is reached, the seconds until it resets. */
export type CountResult = { counted: Buffer } | { wait: number }

/** Counts one event against a limit. */
export async function countWithin(database: Database, key: Buffer, limit: Limit): Promise<CountResult> {
  const [count] = await countAllWithin(database, [{ key }], limit)
  return count as CountResult
}

/** One event: the key of its counter, and of the counter of the wider network, if any. */
export interface CountRequest {
  key: Buffer
  wide?: Buffer | undefined
}

/**
 * Adds `times` to the counter of each `key`, unless it has reached `most`. An expired window begins again.
 *
 * @param given a FROM item with the columns `key` and `times`
 * @param within length of the window, in seconds
 */
export const incrementAll = (given: Statement, most: number, within: number) => sql`
       INSERT INTO limits AS known (key, count, over_at)
       SELECT key, times, ${NOW} + make_interval(secs => ${within}) FROM ${given} ORDER BY key
       ON CONFLICT (key) DO UPDATE SET
         count = CASE WHEN known.over_at <= ${NOW} THEN excluded.count ELSE known.count + excluded.count END,
         over_at = CASE WHEN known.over_at <= ${NOW} THEN excluded.over_at ELSE known.over_at END
       WHERE known.over_at <= ${NOW} OR known.count < ${most}
       RETURNING key, count, over_at`

/** For each requested key: how many of its events are allowed, and in how many seconds its window ends. */
function outcomes(requested: Statement, counted: Statement, most: number, within: number): Statement {
  const left = sql`extract(epoch FROM coalesce(${counted}.over_at, limits.over_at) - ${NOW})`
  return sql`
     SELECT key, greatest(coalesce(${most} - ${counted}.count + times, 0), 0) AS left,
       ${asNumber(sql`coalesce(${left}, ${within})`)} AS wait
     FROM ${requested} LEFT JOIN ${counted} USING (key) LEFT JOIN limits USING (key)`
}

/**
 * Counts several events in one statement. Events with the same key are allowed in their order, until the limit is
 * reached. A wide key counts only events that its narrow keys allowed, so that one client that exceeds its own limit
 * does not use up that of its neighbours.
 *
 * @returns the result of each event, in the same order
 */
export async function countAllWithin(
  database: Database,
  requests: readonly CountRequest[],
  { most, within }: Limit
): Promise<CountResult[]> {
  const keys = requests.map(({ key }) => key)
  const wides = requests.map(({ wide }) => wide ?? null)
  // incrementAll locks rows in the order of their keys, so that concurrent instances do not deadlock.
  const rows = await database.query<{ key: Buffer; left: number; wait: number }>(
    sql`WITH requested AS (
       SELECT key, wide, count(*)::int AS times FROM unnest(${keys}::bytea[], ${wides}::bytea[]) AS given (key, wide)
       GROUP BY key, wide
     ), counted AS (${incrementAll(sql`requested`, most, within)}
     ), requested_wide AS (
       SELECT wide AS key, sum(least(times, ${most} - count + times))::int AS times
       FROM counted JOIN requested USING (key)
       WHERE wide IS NOT NULL
       GROUP BY wide
     ), counted_wide AS (${incrementAll(sql`requested_wide`, most * WIDE, within)}
     )${outcomes(sql`requested`, sql`counted`, most, within)}
     UNION ALL${outcomes(sql`requested_wide`, sql`counted_wide`, most * WIDE, within)}`
  )
  const byKey = new Map(rows.map((row) => [row.key.toString('hex'), row]))
  const take = (key: Buffer): CountResult => {
    const row = byKey.get(key.toString('hex')) as (typeof rows)[number]
    row.left -= 1
    return row.left < 0 ? { wait: wholeSeconds(row.wait) } : { counted: key }
  }
  return requests.map(({ key, wide }) => {
    const count = take(key)
    return wide && 'counted' in count ? take(wide) : count
  })
}

/** Rounds up, to at least one second. */
export const wholeSeconds = (wait: number) => Math.max(1, Math.ceil(wait))

/**
 * Deletes expired counters.
 *
 * @param most the largest number to delete
 * @returns the number of deleted counters
 */
export async function purgeLimits(database: Database, most: number): Promise<number> {
  const rows = await database.query(
    sql`DELETE FROM limits
     WHERE key IN (SELECT key FROM limits WHERE over_at <= ${NOW} ORDER BY over_at LIMIT ${most} FOR UPDATE SKIP LOCKED)
     RETURNING 1`
  )
  return rows.length
}
