import { v7 as uuid } from 'uuid'
import type { Database } from '../database/database.ts'
import { CLOCK, sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'
import type { Session } from '../schemas/sessions.ts'
import type { User } from '../schemas/users.ts'
import { type Credentials, type DeviceOwner, voidDevices } from '../users/credentials.ts'
import { toUser, type UserRow } from '../users/users.ts'
import { expiryOf, type Lifetimes, storedSessions } from './lifetimes.ts'
import { createRefreshToken, type RefreshToken, sha256 } from './refresh-token.ts'

/** Why a session ended, beside what time does to it. */
export type EndReason =
  | 'replayed'
  | 'logged out'
  | 'ended by the user'
  | 'password changed'
  | 'disabled'
  | 'ended by an operator'
  | 'email change undone'

/** A session, and whose it is, as an access token names them. */
export interface SessionOfUser {
  sid: string
  sub: string
}

/** Where a session was opened from. */
export interface SessionOrigin {
  userAgent: string | undefined
  ip: string
}

/** A session that has just been opened or used. */
export interface LiveSession {
  refreshToken: RefreshToken
  lastUsedAt: Date
  /** When it will be over, unless it is used before. */
  expiresAt: Date
}

/** A session that has just been opened, with the username of its account at that moment. */
export interface OpenedSession extends LiveSession {
  username: string | null
}

const USER_AGENT_LENGTH = 512

/** The most sessions that a list shows: those used last. */
const MAX_LISTED = 1000

/**
 * Opens a session for the user whose password was right.
 *
 * @returns the session, and the username as it is now: a hash may have waited since the account was read. Nothing when the
 * password has changed, or the account was disabled or has gone, since it was checked
 */
export async function openSession(
  database: Database,
  lifetimes: Lifetimes,
  { id: user, password_version }: Pick<Credentials, 'id' | 'password_version'>,
  { userAgent, ip }: SessionOrigin
): Promise<OpenedSession | undefined> {
  const refreshToken = createRefreshToken(uuid({ msecs: database.clock.now() }))
  // The user is locked, so that what ends all sessions of an account either sees this one and ends it, or is seen here.
  const [opened] = await database.query<{ created_at: Date; last_used_at: Date; username: string | null }>(
    sql`WITH owner AS (
       SELECT id, username FROM users
       WHERE id = ${user} AND password_version = ${password_version} AND disabled_at IS NULL
       FOR SHARE
     ), opened AS (
       INSERT INTO sessions (id, user_id, family_hash, rotating_hash, created_at, last_used_at, user_agent, ip)
       SELECT ${refreshToken.session}, owner.id, ${sha256(refreshToken.family)}, ${sha256(refreshToken.rotating)},
         moment, moment, ${userAgent?.slice(0, USER_AGENT_LENGTH) ?? null}, ${ip}
       FROM owner, ${CLOCK}
       RETURNING created_at, last_used_at
     )
     SELECT created_at, last_used_at, username FROM opened, owner`
  )
  if (!opened) return undefined
  const { username, last_used_at: lastUsedAt } = opened
  return { refreshToken, lastUsedAt, expiresAt: expiryOf(opened, lifetimes), username }
}

/** The user of a session that is alive: neither ended, nor unused for too long, nor too old. */
export async function findSessionUser(
  database: Database,
  lifetimes: Lifetimes,
  { sid, sub }: SessionOfUser
): Promise<User | undefined> {
  const [row] = await database.query<UserRow>(
    sql`SELECT users.id, username, email, email_verified, users.created_at
     FROM ${storedSessions(lifetimes)} JOIN users ON users.id = user_id
     WHERE session.id = ${sid} AND user_id = ${sub} AND over IS NULL`
  )
  return row && toUser(row)
}

/**
 * The living sessions of a user, the present one first, then by last use.
 *
 * @param session the present one, which an operator has none of
 */
export async function listSessions(
  database: Database,
  lifetimes: Lifetimes,
  { sid, sub }: { sid: string | null; sub: string }
): Promise<Session[]> {
  const rows = await database.query<SessionRow>(
    sql`SELECT id, created_at, last_used_at, user_agent, host(ip) AS ip
     FROM ${storedSessions(lifetimes)}
     WHERE user_id = ${sub} AND over IS NULL
     ORDER BY id = ${sid} DESC, last_used_at DESC, id
     LIMIT ${MAX_LISTED}`
  )
  return rows.map((row) => ({
    id: row.id,
    created_at: row.created_at.toISOString(),
    last_used_at: row.last_used_at.toISOString(),
    expires_at: expiryOf(row, lifetimes).toISOString(),
    user_agent: row.user_agent,
    ip: row.ip,
    current: row.id === sid
  }))
}

interface SessionRow {
  id: string
  created_at: Date
  last_used_at: Date
  user_agent: string | null
  ip: string | null
}

/** What came of ending sessions in the name of one: nothing where that one is over itself. */
export interface Ended {
  /** Whether the session in whose name it was done is alive, or was until this. */
  alive: boolean
  /** How many have ended. */
  count: number
}

/**
 * Ends one living session of the user, or all but the present one. Of two sessions that end each other at once, one
 * does.
 *
 * @param which the id of the one; null for all the others
 */
export async function endSessions(
  database: Database,
  lifetimes: Lifetimes,
  { sid, sub }: SessionOfUser,
  which: string | null,
  reason: EndReason
): Promise<Ended> {
  // Locked in the order of their ids, so that no two of these wait for each other.
  const [row] = await database.query<{ alive: boolean; count: number }>(
    sql`WITH living AS (
       SELECT session.id, moment FROM ${storedSessions(lifetimes)}
       WHERE user_id = ${sub} AND over IS NULL AND (${which}::uuid IS NULL OR session.id IN (${sid}, ${which}))
       ORDER BY session.id
       FOR UPDATE OF session
     ), ended AS (
       UPDATE sessions SET ended_at = moment, end_reason = ${reason}
       FROM living
       WHERE sessions.id = living.id
         AND CASE WHEN ${which}::uuid IS NULL THEN living.id <> ${sid} ELSE living.id = ${which} END
         AND EXISTS (SELECT FROM living WHERE id = ${sid})
       RETURNING sessions.id
     )
     SELECT EXISTS (SELECT FROM living WHERE id = ${sid}) AS alive, (SELECT count(*)::int FROM ended) AS count`
  )
  return row as Ended
}

/**
 * Ends all sessions of the user but the present one, and voids the user's device cookies: all or nothing.
 *
 * @returns how many have ended, and what devices are bound to from now on
 * @throws Problem TOKEN_INVALID when the present session is over
 */
export async function endOtherSessions(
  database: Database,
  lifetimes: Lifetimes,
  session: SessionOfUser
): Promise<{ count: number; owner: DeviceOwner }> {
  return database.transact(async (transaction) => {
    // The user is locked first, as by all that ends sessions of one.
    const owner = await voidDevices(transaction, session.sub)
    const { alive, count } = await endSessions(transaction, lifetimes, session, null, 'ended by the user')
    if (!owner || !alive) throw new Problem('TOKEN_INVALID')
    return { count, owner }
  })
}

/** How many living sessions a user has. */
export async function countSessions(database: Database, lifetimes: Lifetimes, user: string): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM ${storedSessions(lifetimes)} WHERE user_id = ${user} AND over IS NULL`
  )
  return (row as { count: number }).count
}

/**
 * Ends every living session of a user, and voids the user's device cookies. Within a transaction that has locked the user,
 * a login that is on its way is either ended too or begins afterwards.
 *
 * @returns how many
 */
export async function endAllSessions(
  database: Database,
  lifetimes: Lifetimes,
  user: string,
  reason: EndReason
): Promise<number> {
  // Locked in the order of their ids, like those that endSessions ends.
  const [row] = await database.query<{ count: number }>(
    sql`WITH living AS (
       SELECT session.id, moment FROM ${storedSessions(lifetimes)}
       WHERE user_id = ${user} AND over IS NULL
       ORDER BY session.id
       FOR UPDATE OF session
     ), ended AS (
       UPDATE sessions SET ended_at = moment, end_reason = ${reason}
       FROM living
       WHERE sessions.id = living.id
       RETURNING 1
     ), voided AS (
       UPDATE users SET device_version = device_version + 1 WHERE id = ${user}
     )
     SELECT count(*)::int AS count FROM ended`
  )
  return (row as { count: number }).count
}
