import type { Config } from '../config/config.ts'
import { CLOCK, sql } from '../database/sql.ts'

/** Idle timeout and maximum age of a session, in seconds. */
export type Lifetimes = Pick<Config, 'REFRESH_IDLE_TTL' | 'REFRESH_MAX_TTL'>

/** The last time that RFC 3339 can represent. */
const LAST_MOMENT = Date.UTC(9999, 11, 31, 23, 59, 59)

/**
 * All sessions with two more columns: `moment`, the present time, and `inactive_reason`, null for an active session.
 */
export const storedSessions = ({ REFRESH_IDLE_TTL, REFRESH_MAX_TTL }: Lifetimes) => sql`(
    SELECT sessions.*, moment,
      CASE
        WHEN ended_at IS NOT NULL THEN end_reason
        WHEN extract(epoch FROM moment - created_at) >= ${REFRESH_MAX_TTL} THEN 'expired'
        WHEN extract(epoch FROM moment - last_used_at) >= ${REFRESH_IDLE_TTL} THEN 'idle'
      END AS inactive_reason
    FROM sessions, ${CLOCK}
  ) AS session`

/** When a session expires if it is not used before. */
export function expiryOf(
  { created_at, last_used_at }: { created_at: Date; last_used_at: Date },
  { REFRESH_IDLE_TTL, REFRESH_MAX_TTL }: Lifetimes
): Date {
  const ends = [last_used_at.getTime() + REFRESH_IDLE_TTL * 1000, created_at.getTime() + REFRESH_MAX_TTL * 1000]
  return new Date(Math.min(...ends, LAST_MOMENT))
}
