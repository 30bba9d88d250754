import type { Database } from '../database/database.ts'
import { expiryOf, type Lifetimes, parametersOf, SESSIONS } from './lifetimes.ts'
import { createNonce, type RefreshToken, sha256, successorOf } from './refresh-token.ts'
import type { EndReason, LiveSession } from './sessions.ts'

/** What the use of refresh tokens goes by, beside how long sessions live. */
export interface RotationRules extends Lifetimes {
  /** For how many seconds a token may be used again after its first use. */
  REFRESH_GRACE: number
  /** What successors are derived with. */
  successorKey: Buffer
}

/** A session whose refresh token was good. */
export interface UsedSession extends LiveSession {
  user: { id: string; username: string | null }
}

/** Why a refresh token is refused: the rule that ended its session, or what is wrong with the token alone. */
export type Refusal = EndReason | 'idle' | 'expired' | 'superseded' | 'unknown'

/** What came of a token that is not taken. */
export interface Refused {
  refused: Refusal
  /** Whose session its use has ended, where it has. */
  ended?: string
}

/** How many rotations before the latest one a session keeps. Eight within one grace are more than tabs of one client make. */
const EARLIER = 7

/**
 * Whether a time is within the grace, $7: never for one that is null, nor where there is no grace, since of two uses at
 * once the later one may have the earlier `moment`.
 */
const isRecent = (time: string) => `($7 > 0 AND extract(epoch FROM moment - ${time}) < $7)`

/**
 * What a token of the right family is to its session. $4 to $7 are the session, the hashes of the family and of the
 * rotating part, and the grace. A token is judged by its own first use; one whose first use is no longer kept was used
 * before the grace. A session that was never used has no earlier token to replay.
 */
const PRESENTED = `
  SELECT session.id, moment, users.id AS user_id, username, nonce, session.created_at, last_used_at,
    CASE
      WHEN over IS NOT NULL THEN over
      WHEN rotating_hash = $6 THEN 'current'
      WHEN rotated_at IS NULL THEN 'unknown'
      WHEN previous_hash = $6 AND ${isRecent('rotated_at')} THEN 'repeated'
      WHEN ${isRecent('earlier_rotated_at[array_position(earlier_hashes, $6)]')} THEN 'superseded'
      ELSE 'replayed'
    END AS verdict
  FROM ${SESSIONS} JOIN users ON users.id = user_id
  WHERE session.id = $4 AND family_hash = $5`

interface PresentedRow {
  user_id: string
  username: string | null
  created_at: Date
  last_used_at: Date
  nonce: Buffer
  verdict: Refusal | 'current' | 'repeated'
  ended?: boolean
}

/**
 * Uses a refresh token: gives its successor, and the same one for each use within the grace of the first (RFC 9700
 * §4.14.2). A token that was first used before is a replay, which ends the session, whatever was rotated since; one that
 * has a later successor is refused within its grace. All of this is one statement, so that of any number of uses at once,
 * at any instance, one rotates and the rest see it.
 */
export async function useRefreshToken(
  database: Database,
  rules: RotationRules,
  token: RefreshToken
): Promise<UsedSession | Refused> {
  const nonce = createNonce()
  const successor = successorOf(token, nonce, rules.successorKey)
  const [row] = await database.query<PresentedRow>(
    `WITH presented AS (${PRESENTED} FOR UPDATE OF session),
     rotated AS (
       UPDATE sessions
       SET previous_hash = rotating_hash, rotating_hash = $8, nonce = $9, rotated_at = moment, last_used_at = moment,
         earlier_hashes = CASE WHEN ${isRecent('rotated_at')} THEN (previous_hash || earlier_hashes)[1:${EARLIER}] END,
         earlier_rotated_at = CASE WHEN ${isRecent('rotated_at')} THEN (rotated_at || earlier_rotated_at)[1:${EARLIER}] END
       FROM presented
       WHERE sessions.id = presented.id AND verdict = 'current'
       RETURNING sessions.nonce, sessions.last_used_at
     ), ended AS (
       UPDATE sessions SET ended_at = moment, end_reason = verdict
       FROM presented
       WHERE sessions.id = presented.id AND ended_at IS NULL AND verdict IN ('replayed', 'idle', 'expired')
       RETURNING 1
     )
     SELECT user_id, username, created_at, verdict, EXISTS (SELECT FROM ended) AS ended,
       coalesce(rotated.nonce, presented.nonce) AS nonce,
       coalesce(rotated.last_used_at, presented.last_used_at) AS last_used_at
     FROM presented LEFT JOIN rotated ON true`,
    [...presentedParameters(rules, token), sha256(successor.rotating), nonce]
  )
  if (!row) return { refused: 'unknown' }
  if (row.verdict !== 'current' && row.verdict !== 'repeated') {
    return { refused: row.verdict, ...(row.ended && { ended: row.user_id }) }
  }
  return sessionOf(row, successorOf(token, row.nonce, rules.successorKey), rules)
}

/** The session of a token that would be taken if it were used now. */
export async function findRefreshToken(
  database: Database,
  rules: RotationRules,
  token: RefreshToken
): Promise<UsedSession | undefined> {
  const [row] = await database.query<PresentedRow>(PRESENTED, presentedParameters(rules, token))
  if (row?.verdict !== 'current' && row?.verdict !== 'repeated') return undefined
  return sessionOf(row, token, rules)
}

/**
 * Ends the session that the token, or an earlier or later one of its family, belongs to; none is no fault.
 *
 * @returns the id of the user whose session has ended
 */
export async function endSessionOf(
  database: Database,
  rules: Lifetimes,
  token: RefreshToken
): Promise<string | undefined> {
  const [ended] = await database.query<{ user_id: string }>(
    `WITH presented AS (
       SELECT session.id, moment FROM ${SESSIONS}
       WHERE session.id = $4 AND family_hash = $5 AND over IS NULL
       FOR UPDATE OF session
     )
     UPDATE sessions SET ended_at = moment, end_reason = 'logged out'
     FROM presented
     WHERE sessions.id = presented.id
     RETURNING user_id`,
    [...parametersOf(rules), token.session, sha256(token.family)]
  )
  return ended?.user_id
}

const presentedParameters = (rules: RotationRules, { session, family, rotating }: RefreshToken) => [
  ...parametersOf(rules),
  session,
  sha256(family),
  sha256(rotating),
  rules.REFRESH_GRACE
]

function sessionOf(row: PresentedRow, refreshToken: RefreshToken, rules: Lifetimes): UsedSession {
  return {
    refreshToken,
    user: { id: row.user_id, username: row.username },
    lastUsedAt: row.last_used_at,
    expiresAt: expiryOf(row, rules)
  }
}
