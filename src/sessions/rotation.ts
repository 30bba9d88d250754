import type { Database } from '../database/database.ts'
import { type Statement, sql } from '../database/sql.ts'
import { expiryOf, type Lifetimes, storedSessions } from './lifetimes.ts'
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
 * Whether a time is within the grace: never for one that is null, nor where there is no grace, since of two uses at once
 * the later one may have the earlier `moment`.
 */
const isRecent = (time: Statement, { REFRESH_GRACE }: RotationRules) =>
  REFRESH_GRACE > 0 ? sql`extract(epoch FROM moment - ${time}) < ${REFRESH_GRACE}` : sql`false`

const ROTATED_AT = sql`rotated_at`

/**
 * What a token of the right family is to its session. A token is judged by its own first use; one whose first use is no
 * longer kept was used before the grace. A session that was never used has no earlier token to replay.
 */
function presented(rules: RotationRules, { session, family, rotating }: RefreshToken): Statement {
  const hash = sha256(rotating)
  const firstUsed = sql`earlier_rotated_at[array_position(earlier_hashes, ${hash})]`
  return sql`
  SELECT session.id, moment, users.id AS user_id, username, nonce, session.created_at, last_used_at,
    CASE
      WHEN over IS NOT NULL THEN over
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
  const again = isRecent(ROTATED_AT, rules)
  const [row] = await database.query<PresentedRow>(
    sql`WITH presented AS (${presented(rules, token)} FOR UPDATE OF session),
     rotated AS (
       UPDATE sessions
       SET previous_hash = rotating_hash, rotating_hash = ${sha256(successor.rotating)}, nonce = ${nonce},
         rotated_at = moment, last_used_at = moment,
         earlier_hashes = CASE WHEN ${again} THEN (previous_hash || earlier_hashes)[1:${EARLIER}] END,
         earlier_rotated_at = CASE WHEN ${again} THEN (rotated_at || earlier_rotated_at)[1:${EARLIER}] END
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
     FROM presented LEFT JOIN rotated ON true`
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
  const [row] = await database.query<PresentedRow>(presented(rules, token))
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
    sql`WITH presented AS (
       SELECT session.id, moment FROM ${storedSessions(rules)}
       WHERE session.id = ${token.session} AND family_hash = ${sha256(token.family)} AND over IS NULL
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
    user: { id: row.user_id, username: row.username },
    lastUsedAt: row.last_used_at,
    expiresAt: expiryOf(row, rules)
  }
}
