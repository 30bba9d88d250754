import type { Clock } from '../clock.ts'
import type { Config } from '../config/config.ts'

/** How long sessions live, in seconds, and on which clock. */
export type Lifetimes = Pick<Config, 'REFRESH_IDLE_TTL' | 'REFRESH_MAX_TTL'> & { clock: Clock }

/** RFC 3339 has no later year. */
const LAST_MOMENT = Date.UTC(9999, 11, 31, 23, 59, 59)

/**
 * The sessions with the present `moment`, and with the rule that makes each `over`, which is null for a living one.
 * Its parameters are always the first three: see `parametersOf`.
 */
export const SESSIONS = `(
    SELECT sessions.*, moment,
      CASE
        WHEN ended_at IS NOT NULL THEN end_reason
        WHEN extract(epoch FROM moment - created_at) >= $2 THEN 'expired'
        WHEN extract(epoch FROM moment - last_used_at) >= $1 THEN 'idle'
      END AS over
    FROM sessions, (SELECT now() + $3 * interval '1 millisecond' AS moment) AS clock
  ) AS session`

/** The parameters of SESSIONS. */
export const parametersOf = ({ REFRESH_IDLE_TTL, REFRESH_MAX_TTL, clock }: Lifetimes) => [
  REFRESH_IDLE_TTL,
  REFRESH_MAX_TTL,
  clock.offset
]

/** When a session will be over, unless it is used before. */
export function expiryOf(
  { created_at, last_used_at }: { created_at: Date; last_used_at: Date },
  { REFRESH_IDLE_TTL, REFRESH_MAX_TTL }: Lifetimes
): Date {
  const ends = [last_used_at.getTime() + REFRESH_IDLE_TTL * 1000, created_at.getTime() + REFRESH_MAX_TTL * 1000]
  return new Date(Math.min(...ends, LAST_MOMENT))
}
