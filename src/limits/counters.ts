import type { Database } from '../database/database.ts'
import { asNumber, NOW, type Statement, sql } from '../database/sql.ts'
import { type Limit, WIDE } from './rates.ts'

/** What came of counting: the key that was counted, or how many seconds to wait where nothing more is let through. */
export type CountResult = { counted: Buffer } | { wait: number }

/** Counts something, and says whether it is let through. */
export async function countWithin(database: Database, key: Buffer, limit: Limit): Promise<CountResult> {
  const [count] = await countAllWithin(database, [{ key }], limit)
  return count as CountResult
}

/** What is counted, and where there is one the wider counter that it belongs to. */
export interface CountRequest {
  key: Buffer
  wide?: Buffer | undefined
}

/** Counts so often what a query gives, in the columns `key` and `times`, where `most` is not reached. */
const countAll = (given: Statement, most: number, within: number) => sql`
       INSERT INTO limits AS known (key, count, over_at)
       SELECT key, times, ${NOW} + make_interval(secs => ${within}) FROM ${given} ORDER BY key
       ON CONFLICT (key) DO UPDATE SET
         count = CASE WHEN known.over_at <= ${NOW} THEN excluded.count ELSE known.count + excluded.count END,
         over_at = CASE WHEN known.over_at <= ${NOW} THEN excluded.over_at ELSE known.over_at END
       WHERE known.over_at <= ${NOW} OR known.count < ${most}
       RETURNING key, count, over_at`

/** How many more are let through of what was asked for and counted, and how many seconds the rest has to wait. */
function outcomes(asked: Statement, counted: Statement, most: number, within: number): Statement {
  const left = sql`extract(epoch FROM coalesce(${counted}.over_at, limits.over_at) - ${NOW})`
  return sql`
     SELECT key, greatest(coalesce(${most} - ${counted}.count + times, 0), 0) AS left,
       ${asNumber(sql`coalesce(${left}, ${within})`)} AS wait
     FROM ${asked} LEFT JOIN ${counted} USING (key) LEFT JOIN limits USING (key)`
}

/**
 * Counts what comes at once by one statement, each key as often as it is there: of the same, the first are let through.
 * A wide key counts what its keys let through, and nothing else: whoever has used up one of them takes nothing from
 * the neighbours.
 *
 * @returns what came of each
 */
export async function countAllWithin(
  database: Database,
  asked: readonly CountRequest[],
  { most, within }: Limit
): Promise<CountResult[]> {
  const keys = asked.map(({ key }) => key)
  const wides = asked.map(({ wide }) => wide ?? null)
  // In the order of their keys, so that instances that count the same at once do not wait for each other in a circle.
  const rows = await database.query<{ key: Buffer; left: number; wait: number }>(
    sql`WITH asked AS (
       SELECT key, wide, count(*)::int AS times FROM unnest(${keys}::bytea[], ${wides}::bytea[]) AS given (key, wide)
       GROUP BY key, wide
     ), counted AS (${countAll(sql`asked`, most, within)}
     ), asked_wide AS (
       SELECT wide AS key, sum(least(times, ${most} - count + times))::int AS times
       FROM counted JOIN asked USING (key)
       WHERE wide IS NOT NULL
       GROUP BY wide
     ), counted_wide AS (${countAll(sql`asked_wide`, most * WIDE, within)}
     )${outcomes(sql`asked`, sql`counted`, most, within)}
     UNION ALL${outcomes(sql`asked_wide`, sql`counted_wide`, most * WIDE, within)}`
  )
  const byKey = new Map(rows.map((row) => [row.key.toString('hex'), row]))
  const take = (key: Buffer): CountResult => {
    const row = byKey.get(key.toString('hex')) as (typeof rows)[number]
    row.left -= 1
    return row.left < 0 ? { wait: wholeSeconds(row.wait) } : { counted: key }
  }
  return asked.map(({ key, wide }) => {
    const count = take(key)
    return wide && 'counted' in count ? take(wide) : count
  })
}

export const wholeSeconds = (wait: number) => Math.max(1, Math.ceil(wait))

/**
 * Deletes some of the counters that are over.
 *
 * @returns how many
 */
export async function purgeLimits(database: Database, most: number): Promise<number> {
  const rows = await database.query(
    sql`DELETE FROM limits
     WHERE key IN (SELECT key FROM limits WHERE over_at <= ${NOW} ORDER BY over_at LIMIT ${most} FOR UPDATE SKIP LOCKED)
     RETURNING 1`
  )
  return rows.length
}
