import { v7 as uuid } from 'uuid'
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'
import type { Database } from './database.ts'
import { createRefreshToken } from './refresh-token.ts'
import type { User } from './schemas.ts'
import { type Credentials, present, type UserRow } from './users.ts'

/** A session that has just begun. */
export interface OpenedSession {
  id: string
  refreshToken: string
}

/** Where a session was opened from. */
export interface Origin {
  userAgent: string | undefined
  ip: string
}

const USER_AGENT_LENGTH = 512

/**
 * Opens a session for the user whose password was right.
 *
 * @returns nothing when the password has changed, or the account has gone, since it was checked
 */
export async function openSession(
  database: Database,
  clock: Clock,
  { id: user, password_version }: Credentials,
  { userAgent, ip }: Origin
): Promise<OpenedSession | undefined> {
  const id = uuid({ msecs: clock.now() })
  const { token, familyHash, rotatingHash } = createRefreshToken(id)
  const [opened] = await database.query(
    `INSERT INTO sessions (id, user_id, family_hash, rotating_hash, created_at, last_used_at, user_agent, ip)
     SELECT $1, users.id, $4, $5, moment, moment, $6, $7
     FROM users, (SELECT now() + $8 * interval '1 millisecond' AS moment) AS clock
     WHERE users.id = $2 AND users.password_version = $3
     RETURNING id`,
    [id, user, password_version, familyHash, rotatingHash, userAgent?.slice(0, USER_AGENT_LENGTH), ip, clock.offset]
  )
  return opened && { id, refreshToken: token }
}

/** The user of a session that is alive: neither ended, nor unused for too long, nor too old. */
export async function findSessionUser(
  database: Database,
  clock: Clock,
  { REFRESH_IDLE_TTL, REFRESH_MAX_TTL }: Config,
  { sid, sub }: { sid: string; sub: string }
): Promise<User | undefined> {
  const [row] = await database.query<UserRow>(
    `SELECT users.id, username, email, email_verified, users.created_at
     FROM sessions
       JOIN users ON users.id = user_id
       CROSS JOIN (SELECT now() + $5 * interval '1 millisecond' AS moment) AS clock
     WHERE sessions.id = $1 AND user_id = $2 AND ended_at IS NULL
       AND extract(epoch FROM moment - last_used_at) < $3
       AND extract(epoch FROM moment - sessions.created_at) < $4`,
    [sid, sub, REFRESH_IDLE_TTL, REFRESH_MAX_TTL, clock.offset]
  )
  return row && present(row)
}
