import { v7 as uuid } from 'uuid'
import type { Database } from '../database/database.ts'
import { CLOCK, sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'
import type { Session } from '../schemas/sessions.ts'
import type { User } from '../schemas/users.ts'
import { type Credentials, type DeviceOwner, PASSWORD_HASH, voidDevices } from '../users/credentials.ts'
import { toUser, type UserRow } from '../users/users.ts'
import { type Authentication, levelOf, type Method } from './assurance.ts'
import { expiryOf, type Lifetimes, storedSessions } from './lifetimes.ts'
import { createRefreshToken, type RefreshToken, sha256 } from './refresh-token.ts'

/** Why a session was ended. One that was not may still expire. */
export type EndReason =
  | 'replayed'
  | 'logged out'
  | 'ended by the user'
  | 'password changed'
  | 'disabled'
  | 'ended by an operator'
  | 'email change undone'
  | 'second step added'
  | 'factors reset'
  | 'account claimed'

/** A session and its user, by the claims of an access token. */
export interface SessionOfUser {
  sid: string
  sub: string
}

/** The client that opened a session. */
export interface SessionOrigin {
  userAgent: string | undefined
  ip: string
  /** The secret for the cookie of the pages, if it is opened there. */
  pageSecret?: Buffer | undefined
}

/** A session that was just opened or refreshed. */
export interface LiveSession extends Authentication {
  refreshToken: RefreshToken
  lastUsedAt: Date
  /** When it expires if it is not used before. */
  expiresAt: Date
}

/** A session that was just opened. */
export interface OpenedSession extends LiveSession {
  /** The username at that moment. It may have changed since the credentials were read. */
  username: string | null
  /** The roles at that moment. */
  roles: string[]
}

/** Longer User-Agent headers are truncated. */
const USER_AGENT_LENGTH = 512

/** The longest list of sessions: those used last. */
const MAX_LISTED = 1000

/**
 * Opens a session for a user who was authenticated.
 *
 * @param amr what the user proved
 * @param authTime when a provider asked the user for it, in seconds since the epoch; null for now
 * @returns undefined if, since the credentials were read, the password was changed or the account disabled or deleted, or
 * if the account requires a second step that the user has not taken
 */
export async function openSession(
  database: Database,
  lifetimes: Lifetimes,
  { id: user, password_version }: Pick<Credentials, 'id' | 'password_version'>,
  { userAgent, ip, pageSecret }: SessionOrigin,
  amr: readonly Method[] = ['pwd'],
  authTime: number | null = null
): Promise<OpenedSession | undefined> {
  const refreshToken = createRefreshToken(uuid({ msecs: database.clock.now() }))
  // The update locks the user: whatever ends all sessions of a user locks the user first, so it either sees this session
  // or is seen here.
  const [opened] = await database.query<OpenedRow>(
    sql`WITH owner AS (
       UPDATE users SET last_login_at = moment, signed_in = true
       FROM ${CLOCK}
       WHERE id = ${user} AND password_version = ${password_version} AND disabled_at IS NULL
         AND (NOT mfa_required OR ${levelOf(amr) === 'aal2'})
       RETURNING id, username, roles, moment
     ), opened AS (
       INSERT INTO sessions (id, user_id, family_hash, rotating_hash, created_at, last_used_at, user_agent, ip,
         authenticated_at, amr, page_hash)
       SELECT ${refreshToken.session}, owner.id, ${sha256(refreshToken.family)}, ${sha256(refreshToken.rotating)},
         moment, moment, ${userAgent?.slice(0, USER_AGENT_LENGTH) ?? null}, ${ip}, least(moment, to_timestamp(${authTime})),
         ${amr}, ${pageSecret ? sha256(pageSecret) : null}
       FROM owner
       RETURNING created_at, last_used_at, authenticated_at
     )
     SELECT created_at, last_used_at, authenticated_at, username, roles FROM opened, owner`
  )
  if (!opened) return undefined
  const { username, roles, last_used_at: lastUsedAt } = opened
  const authentication = { authenticatedAt: opened.authenticated_at, amr }
  return { refreshToken, lastUsedAt, expiresAt: expiryOf(opened, lifetimes), username, roles, ...authentication }
}

/** A row of a session that was just opened, with the username and the roles of its user. */
interface OpenedRow {
  created_at: Date
  last_used_at: Date
  authenticated_at: Date
  username: string | null
  roles: string[]
}

/** The user of a session. */
export interface SessionUser extends User {
  /** Whether a password alone does not sign in. */
  mfaRequired: boolean
  /** Whether the account has a password. */
  hasPassword: boolean
  /** As they are now, whatever the access token says. */
  roles: string[]
}

/** A row of the user of a session. */
export interface SessionUserRow extends UserRow {
  mfa_required: boolean
  has_password: boolean
  roles: string[]
}

/** The columns of a SessionUserRow, of `users` beside `sessions`. */
export const SESSION_USER = sql`users.id, username, email, email_verified, users.created_at, mfa_required, roles,
  ${PASSWORD_HASH} IS NOT NULL AS has_password`

/** Converts a row to the user of a session. */
export function toSessionUser({ mfa_required, has_password, roles, ...user }: SessionUserRow): SessionUser {
  return { ...toUser(user), mfaRequired: mfa_required, hasPassword: has_password, roles }
}

/** Finds the user of an active session: neither ended nor expired. */
export async function findSessionUser(
  database: Database,
  lifetimes: Lifetimes,
  { sid, sub }: SessionOfUser
): Promise<SessionUser | undefined> {
  const [row] = await database.query<SessionUserRow>(
    sql`SELECT ${SESSION_USER}
     FROM ${storedSessions(lifetimes)} JOIN users ON users.id = user_id
     WHERE session.id = ${sid} AND user_id = ${sub} AND inactive_reason IS NULL`
  )
  return row && toSessionUser(row)
}

/**
 * Lists the active sessions of a user: the current one first, then by last use.
 *
 * @param session the user, and the current session; null for an operator, who has none
 * @param most how many at most
 */
export async function listSessions(
  database: Database,
  lifetimes: Lifetimes,
  { sid, sub }: { sid: string | null; sub: string },
  most = MAX_LISTED
): Promise<Session[]> {
  const rows = await database.query<SessionRow>(
    sql`SELECT id, created_at, last_used_at, user_agent, host(ip) AS ip
     FROM ${storedSessions(lifetimes)}
     WHERE user_id = ${sub} AND inactive_reason IS NULL
     ORDER BY id = ${sid} DESC, last_used_at DESC, id
     LIMIT ${most}`
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

/** Selects active sessions of a user and locks them, always in the order of their ids, which prevents deadlocks. */
const lockActive = (lifetimes: Lifetimes, user: string, condition = sql`true`) => sql`(
       SELECT session.id, moment FROM ${storedSessions(lifetimes)}
       WHERE user_id = ${user} AND inactive_reason IS NULL AND (${condition})
       ORDER BY session.id
       FOR UPDATE OF session
     )`

/** The outcome of ending sessions on behalf of the current one. */
export interface Ended {
  /** Whether the current session is active, or was until it ended itself. If not, nothing was ended. */
  alive: boolean
  /** Number of ended sessions. */
  count: number
}

/**
 * Ends one active session of the user, or all but the current one. If two sessions end each other concurrently, only
 * one succeeds.
 *
 * @param session the current session
 * @param target id of the session to end; null for all but the current one
 */
export async function endSessions(
  database: Database,
  lifetimes: Lifetimes,
  { sid, sub }: SessionOfUser,
  target: string | null,
  reason: EndReason
): Promise<Ended> {
  const [row] = await database.query<{ alive: boolean; count: number }>(
    sql`WITH active AS ${lockActive(lifetimes, sub, sql`${target}::uuid IS NULL OR session.id IN (${sid}, ${target})`)},
     ended AS (
       UPDATE sessions SET ended_at = moment, end_reason = ${reason}
       FROM active
       WHERE sessions.id = active.id
         AND CASE WHEN ${target}::uuid IS NULL THEN active.id <> ${sid} ELSE active.id = ${target} END
         AND EXISTS (SELECT FROM active WHERE id = ${sid})
       RETURNING sessions.id
     )
     SELECT EXISTS (SELECT FROM active WHERE id = ${sid}) AS alive, (SELECT count(*)::int FROM ended) AS count`
  )
  return row as Ended
}

/**
 * Ends all sessions of the user but the current one, and revokes the user's device cookies, in one transaction.
 *
 * @returns the number of ended sessions, and the versions for new device cookies
 * @throws Problem TOKEN_INVALID if the current session is not active
 */
export async function endOtherSessions(
  database: Database,
  lifetimes: Lifetimes,
  session: SessionOfUser
): Promise<{ count: number; owner: DeviceOwner }> {
  return database.transact(async (transaction) => {
    // Updating the user first locks it, in the same order as everything else that ends sessions.
    const owner = await voidDevices(transaction, session.sub)
    const { alive, count } = await endSessions(transaction, lifetimes, session, null, 'ended by the user')
    if (!owner || !alive) throw new Problem('TOKEN_INVALID')
    return { count, owner }
  })
}

/** Counts the active sessions of a user. */
export async function countSessions(database: Database, lifetimes: Lifetimes, user: string): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    sql`SELECT count(*)::int AS count FROM ${storedSessions(lifetimes)} WHERE user_id = ${user} AND inactive_reason IS NULL`
  )
  return (row as { count: number }).count
}

/**
 * Ends every active session of a user, and revokes the user's device cookies. If the caller's transaction has locked
 * the user, a concurrent login is either ended too or opens its session afterwards.
 *
 * @returns the number of ended sessions
 */
export async function endAllSessions(
  database: Database,
  lifetimes: Lifetimes,
  user: string,
  reason: EndReason
): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    sql`WITH active AS ${lockActive(lifetimes, user)}, ended AS (
       UPDATE sessions SET ended_at = moment, end_reason = ${reason}
       FROM active
       WHERE sessions.id = active.id
       RETURNING 1
     ), voided AS (
       UPDATE users SET device_version = device_version + 1 WHERE id = ${user}
     )
     SELECT count(*)::int AS count FROM ended`
  )
  return (row as { count: number }).count
}
