import type { Config } from '../config/config.ts'
import { CLOCK, sql } from '../database/sql.ts'

/** How long sessions live, in seconds. */
export type Lifetimes = Pick<Config, 'REFRESH_IDLE_TTL' | 'REFRESH_MAX_TTL'>

/** RFC 3339 has no later year. */
const LAST_MOMENT = Date.UTC(9999, 11, 31, 23, 59, 59)

/**
 * The sessions with the present `moment`, and with the rule that makes each `over`, which is null for a living one.
 */
export const storedSessions = ({ REFRESH_IDLE_TTL, REFRESH_MAX_TTL }: Lifetimes) => sql`(
    SELECT sessions.*, moment,
      CASE
        WHEN ended_at IS NOT NULL THEN end_reason
        WHEN extract(epoch FROM moment - created_at) >= ${REFRESH_MAX_TTL} THEN 'expired'
        WHEN extract(epoch FROM moment - last_used_at) >= ${REFRESH_IDLE_TTL} THEN 'idle'
      END AS over
    FROM sessions, ${CLOCK}
  ) AS session`

/** When a session will be over, unless it is used before. */
export function expiryOf(
  { created_at, last_used_at }: { created_at: Date; last_used_at: Date },
  { REFRESH_IDLE_TTL, REFRESH_MAX_TTL }: Lifetimes
): Date {
  const ends = [last_used_at.getTime() + REFRESH_IDLE_TTL * 1000, created_at.getTime() + REFRESH_MAX_TTL * 1000]
  return new Date(Math.min(...ends, LAST_MOMENT))
}
