import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import type { Session } from '../schemas/sessions.ts'
import { expiryOf, type Lifetimes, storedSessions } from './lifetimes.ts'
import type { EndReason, SessionOfUser } from './sessions.ts'

/** The longest list of sessions. */
const MAX_LISTED = 1000

/** A session of an account, as operators see it. */
export interface UserSession extends Omit<Session, 'current'> {
  /** Null while it is active, and if it has expired. */
  ended_at: string | null
  /** Null while it is active. */
  end_reason: string | null
}

/**
 * Lists the sessions of an account that are stored: active ones first, then by last use.
 *
 * @returns undefined if there is no such account
 */
export async function listUserSessions(
  database: Database,
  lifetimes: Lifetimes,
  user: string
): Promise<UserSession[] | undefined> {
  const rows = await database.query<SessionRow>(
    sql`SELECT id, created_at, last_used_at, user_agent, host(ip) AS ip, ended_at, inactive_reason
     FROM ${storedSessions(lifetimes)}
     WHERE user_id = ${user}
     ORDER BY inactive_reason IS NOT NULL, last_used_at DESC, id
     LIMIT ${MAX_LISTED}`
  )
  if (rows.length === 0 && (await database.query(sql`SELECT FROM users WHERE id = ${user}`)).length === 0)
    return undefined
  return rows.map((row) => ({
    id: row.id,
    created_at: row.created_at.toISOString(),
    last_used_at: row.last_used_at.toISOString(),
    expires_at: expiryOf(row, lifetimes).toISOString(),
    user_agent: row.user_agent,
    ip: row.ip,
    ended_at: row.ended_at?.toISOString() ?? null,
    end_reason: row.inactive_reason
  }))
}

interface SessionRow {
  id: string
  created_at: Date
  last_used_at: Date
  user_agent: string | null
  ip: string | null
  ended_at: Date | null
  inactive_reason: string | null
}

/**
 * Ends an active session of a user. The caller has locked the user.
 *
 * @returns whether there was one
 */
export async function endSessionOfUser(
  transaction: Database,
  lifetimes: Lifetimes,
  { sid, sub }: SessionOfUser,
  reason: EndReason
): Promise<boolean> {
  const ended = await transaction.query(
    sql`UPDATE sessions SET ended_at = moment, end_reason = ${reason}
     FROM ${storedSessions(lifetimes)}
     WHERE sessions.id = session.id AND session.id = ${sid} AND session.user_id = ${sub} AND inactive_reason IS NULL
       AND sessions.ended_at IS NULL
     RETURNING 1`
  )
  return ended.length > 0
}
