import { randomBytes } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import type { Authentication } from './assurance.ts'
import { type Lifetimes, storedSessions } from './lifetimes.ts'
import { sha256 } from './refresh-token.ts'
import { SESSION_USER, type SessionUser, type SessionUserRow, toSessionUser } from './sessions.ts'

/** The cookie of the pages: a session and a secret, which does not change while the session lives. */
export interface PageToken {
  /** UUID of the session. */
  session: string
  secret: Buffer
}

/** The session of a page, and its user. */
export interface PageSession extends Authentication {
  user: SessionUser
}

const SECRET_BYTES = 32

/**
 * A use is noted once an hour at most, since pages change nothing else when they are shown, and often enough to keep a
 * session in use from the idle timeout.
 */
const notedSeconds = ({ REFRESH_IDLE_TTL }: Lifetimes): number => Math.min(3600, REFRESH_IDLE_TTL / 3)

const TOKEN = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([\w-]{43})$/

/** Serializes a token: `<session>.<secret>`, the secret in base64url. */
export const writePageToken = ({ session, secret }: PageToken): string => `${session}.${secret.toString('base64url')}`

/** @returns undefined unless the text is the canonical form of a token */
export function readPageToken(text: string): PageToken | undefined {
  const [, session, secret] = TOKEN.exec(text) ?? []
  if (session === undefined || secret === undefined) return undefined
  const token = { session, secret: Buffer.from(secret, 'base64url') }
  return writePageToken(token) === text ? token : undefined
}

/** Creates the secret with which pages use a session. Only its hash is stored, when the session is opened. */
export const createPageSecret = () => randomBytes(SECRET_BYTES)

/** Finds the session of a token, if it is active, and notes its use. */
export async function usePageToken(
  database: Database,
  lifetimes: Lifetimes,
  { session: id, secret }: PageToken
): Promise<PageSession | undefined> {
  const [row] = await database.query<SessionUserRow & { amr: string[]; authenticated_at: Date; stale: boolean }>(
    sql`SELECT ${SESSION_USER}, amr,
       coalesce(authenticated_at, session.created_at) AS authenticated_at,
       extract(epoch FROM moment - last_used_at) >= ${notedSeconds(lifetimes)} AS stale
     FROM ${storedSessions(lifetimes)} JOIN users ON users.id = user_id
     WHERE session.id = ${id} AND page_hash = ${sha256(secret)} AND inactive_reason IS NULL`
  )
  if (!row) return undefined
  const { amr, authenticated_at: authenticatedAt, stale, ...user } = row
  if (stale) await database.query(sql`UPDATE sessions SET last_used_at = ${NOW} WHERE id = ${id} AND ended_at IS NULL`)
  return { user: toSessionUser(user), authenticatedAt, amr }
}

/**
 * Ends the session of a token.
 *
 * @returns id of its user; undefined if there was no active session
 */
export async function endPageSession(
  database: Database,
  lifetimes: Lifetimes,
  { session: id, secret }: PageToken
): Promise<string | undefined> {
  const [ended] = await database.query<{ user_id: string }>(
    sql`WITH presented AS (
       SELECT session.id, moment FROM ${storedSessions(lifetimes)}
       WHERE session.id = ${id} AND page_hash = ${sha256(secret)} AND inactive_reason IS NULL
       FOR UPDATE OF session
     )
     UPDATE sessions SET ended_at = moment, end_reason = 'logged out'
     FROM presented
     WHERE sessions.id = presented.id
     RETURNING user_id`
  )
  return ended?.user_id
}
