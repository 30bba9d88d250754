import type { Database } from '../database/database.ts'
import { CLOCK, type Statement, sql } from '../database/sql.ts'
import type { Action } from './actions.ts'

/** A day (UTC) of the audit log: how often each action was recorded. Days without records are included. */
export interface AuditDay {
  /** Such as `2026-01-31`. */
  date: string
  /** An action that was not recorded is left out. */
  counts: Partial<Record<Action, number>>
}

/**
 * Counts records by hour (UTC), within the statement that appends them. The caller has locked the head of the log. The counts
 * outlive the records.
 *
 * @param records a FROM item with the columns `at`, in microseconds, and `action`
 */
export const countRecords = (records: Statement) => sql`
       INSERT INTO audit_counts AS known (hour, action, count)
       SELECT date_trunc('hour', timestamptz 'epoch' + at * interval '1 microsecond', 'UTC'), action, count(*)
       FROM ${records}
       GROUP BY 1, 2
       ON CONFLICT (hour, action) DO UPDATE SET count = known.count + excluded.count`

/**
 * Reads the counts of the last days, today included, the oldest first.
 *
 * @param days how many
 */
export async function readCounts(database: Database, days: number): Promise<AuditDay[]> {
  return database.query<AuditDay & Record<string, unknown>>(
    sql`SELECT to_char(day, 'YYYY-MM-DD') AS date,
       coalesce(json_object_agg(action, count) FILTER (WHERE action IS NOT NULL), '{}') AS counts
     FROM ${CLOCK},
       generate_series(0, ${days}::int - 1) AS ago,
       LATERAL (SELECT (moment AT TIME ZONE 'UTC')::date - ago AS day) AS days
       LEFT JOIN LATERAL (
         SELECT action, sum(count)::int AS count FROM audit_counts
         WHERE hour >= day::timestamp AT TIME ZONE 'UTC' AND hour < (day + 1)::timestamp AT TIME ZONE 'UTC'
         GROUP BY action
       ) AS counted ON true
     GROUP BY day
     ORDER BY day`
  )
}
