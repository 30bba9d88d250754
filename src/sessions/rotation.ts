import type { Database } from '../database/database.ts'
import { type Statement, sql } from '../database/sql.ts'
import { expiryOf, type Lifetimes, storedSessions } from './lifetimes.ts'
import { createNonce, type RefreshToken, sha256, successorOf } from './refresh-token.ts'
import type { EndReason, LiveSession } from './sessions.ts'

/** The rules of refresh token rotation. */
export interface RotationRules extends Lifetimes {
  /** Grace period: how long a token may be used again after its first use, in seconds. */
  REFRESH_GRACE: number
  /** The key from which successors are derived. */
  successorKey: Buffer
}

/** A session whose refresh token was accepted. */
export interface UsedSession extends LiveSession {
  user: { id: string; username: string | null; roles: string[] }
}

/** Why a refresh token is refused: the reason why its session has ended, or a fault of the token itself. */
export type Refusal = EndReason | 'idle' | 'expired' | 'superseded' | 'unknown'

/** A refused token. */
export interface Refused {
  refused: Refusal
  /** Id of the user whose session this use has ended, if it has. */
  ended?: string
}

/** How many earlier rotations a session keeps: more than the tabs of one client make within a grace period. */
const KEPT_ROTATIONS = 7

/**
 * Whether a time is within the grace period; false for null. Without a grace period it is always false, since the later
 * of two concurrent uses may have the earlier `moment`.
 */
const isRecent = (time: Statement, { REFRESH_GRACE }: RotationRules) =>
  REFRESH_GRACE > 0 ? sql`extract(epoch FROM moment - ${time}) < ${REFRESH_GRACE}` : sql`false`

const ROTATED_AT = sql`rotated_at`

/**
 * The session of a token, with a verdict on the token. The time of the token's own first use decides; if that is no
 * longer kept, the grace period has passed. In a session that was never refreshed, another token is unknown, not
 * replayed.
 */
function presented(rules: RotationRules, { session, family, rotating }: RefreshToken): Statement {
  const hash = sha256(rotating)
  const firstUsed = sql`earlier_rotated_at[array_position(earlier_hashes, ${hash})]`
  return sql`
  SELECT session.id, moment, users.id AS user_id, username, roles, nonce, session.created_at, last_used_at,
    coalesce(authenticated_at, session.created_at) AS authenticated_at, amr,
    CASE
      WHEN inactive_reason IS NOT NULL THEN inactive_reason
      WHEN rotating_hash = ${hash} THEN 'current'
      WHEN rotated_at IS NULL THEN 'unknown'
      WHEN previous_hash = ${hash} AND ${isRecent(ROTATED_AT, rules)} THEN 'repeated'
      WHEN ${isRecent(firstUsed, rules)} THEN 'superseded'
      ELSE 'replayed'
    END AS verdict
  FROM ${storedSessions(rules)} JOIN users ON users.id = user_id
  WHERE session.id = ${session} AND family_hash = ${sha256(family)}`
}

interface PresentedRow {
  user_id: string
  username: string | null
  roles: string[]
  created_at: Date
  last_used_at: Date
  authenticated_at: Date
  amr: string[]
  nonce: Buffer
  verdict: Refusal | 'current' | 'repeated'
  ended?: boolean
}

/**
 * Uses a refresh token (RFC 9700 §4.14.2), with one of these outcomes:
 * - The current token is rotated.
 * - A repeated use within the grace period returns the same successor, as long as that is the current token.
 * - A token whose successor was rotated too is refused as superseded within its grace period.
 * - A use after the grace period is a replay, and ends the session.
 *
 * It is one statement, so that of concurrent uses, at any instance, exactly one rotates.
 */
export async function useRefreshToken(
  database: Database,
  rules: RotationRules,
  token: RefreshToken
): Promise<UsedSession | Refused> {
  const nonce = createNonce()
  const successor = successorOf(token, nonce, rules.successorKey)
  const isRotatedRecently = isRecent(ROTATED_AT, rules)
  const [row] = await database.query<PresentedRow>(
    sql`WITH presented AS (${presented(rules, token)} FOR UPDATE OF session),
     rotated AS (
       UPDATE sessions
       SET previous_hash = rotating_hash, rotating_hash = ${sha256(successor.rotating)}, nonce = ${nonce},
         rotated_at = moment, last_used_at = moment,
         earlier_hashes = CASE WHEN ${isRotatedRecently} THEN (previous_hash || earlier_hashes)[1:${KEPT_ROTATIONS}] END,
         earlier_rotated_at =
           CASE WHEN ${isRotatedRecently} THEN (rotated_at || earlier_rotated_at)[1:${KEPT_ROTATIONS}] END
       FROM presented
       WHERE sessions.id = presented.id AND verdict = 'current'
       RETURNING sessions.nonce, sessions.last_used_at
     ), ended AS (
       UPDATE sessions SET ended_at = moment, end_reason = verdict
       FROM presented
       WHERE sessions.id = presented.id AND ended_at IS NULL AND verdict IN ('replayed', 'idle', 'expired')
       RETURNING 1
     )
     SELECT user_id, username, roles, created_at, authenticated_at, amr, verdict, EXISTS (SELECT FROM ended) AS ended,
       coalesce(rotated.nonce, presented.nonce) AS nonce,
       coalesce(rotated.last_used_at, presented.last_used_at) AS last_used_at
     FROM presented LEFT JOIN rotated ON true`
  )
  if (!row) return { refused: 'unknown' }
  if (row.verdict !== 'current' && row.verdict !== 'repeated') {
    return { refused: row.verdict, ...(row.ended && { ended: row.user_id }) }
  }
  return sessionOf(row, successorOf(token, row.nonce, rules.successorKey), rules)
}

/** Finds the session of a token that would be accepted now. The token is not used. */
export async function findRefreshToken(
  database: Database,
  rules: RotationRules,
  token: RefreshToken
): Promise<UsedSession | undefined> {
  const [row] = await database.query<PresentedRow>(presented(rules, token))
  if (row?.verdict !== 'current' && row?.verdict !== 'repeated') return undefined
  return sessionOf(row, token, rules)
}

/**
 * Ends the session of a token. Any token of the session's family will do, current or not.
 *
 * @returns id of the user whose session has ended; undefined if there was no active session
 */
export async function endSessionOf(
  database: Database,
  rules: Lifetimes,
  token: RefreshToken
): Promise<string | undefined> {
  const [ended] = await database.query<{ user_id: string }>(
    sql`WITH presented AS (
       SELECT session.id, moment FROM ${storedSessions(rules)}
       WHERE session.id = ${token.session} AND family_hash = ${sha256(token.family)} AND inactive_reason IS NULL
       FOR UPDATE OF session
     )
     UPDATE sessions SET ended_at = moment, end_reason = 'logged out'
     FROM presented
     WHERE sessions.id = presented.id
     RETURNING user_id`
  )
  return ended?.user_id
}

function sessionOf(row: PresentedRow, refreshToken: RefreshToken, rules: Lifetimes): UsedSession {
  return {
    refreshToken,
    user: { id: row.user_id, username: row.username, roles: row.roles },
    lastUsedAt: row.last_used_at,
    authenticatedAt: row.authenticated_at,
    amr: row.amr,
    expiresAt: expiryOf(row, rules)
  }
}
