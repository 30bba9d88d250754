import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import { type Authentication, type Authenticator, addProof } from './assurance.ts'
import { type Lifetimes, storedSessions } from './lifetimes.ts'
import type { EndReason, SessionOfUser } from './sessions.ts'

/**
 * Stores a proof in an active session: adds its methods, and sets the time of authentication. The caller has locked the
 * user.
 *
 * @param authTime when a provider asked the user for it, in seconds since the epoch; null for now
 * @returns the new authentication; undefined if the session is not active
 */
export async function addProofToSession(
  transaction: Database,
  lifetimes: Lifetimes,
  { sid, sub }: SessionOfUser,
  proof: Authenticator,
  authTime: number | null = null
): Promise<Authentication | undefined> {
  const [session] = await transaction.query<{ amr: string[] }>(
    sql`SELECT amr FROM ${storedSessions(lifetimes)}
     WHERE session.id = ${sid} AND user_id = ${sub} AND inactive_reason IS NULL
     FOR UPDATE OF session`
  )
  if (!session) return undefined
  const amr = addProof(session.amr, proof)
  const [authenticated] = await transaction.query<{ authenticated_at: Date }>(
    sql`UPDATE sessions SET authenticated_at = greatest(authenticated_at, least(${NOW}, to_timestamp(${authTime}))),
       amr = ${amr}
     WHERE id = ${sid} RETURNING authenticated_at`
  )
  return authenticated && { authenticatedAt: authenticated.authenticated_at, amr }
}

/**
 * Ends the active sessions of a user that are below `aal2`, except the current one, when a second step becomes
 * required. The caller has locked the user.
 *
 * @returns the number of ended sessions
 */
export async function endSessionsBelowAal2(
  transaction: Database,
  lifetimes: Lifetimes,
  { sid, sub }: SessionOfUser
): Promise<number> {
  // Locks the current session too, since it is changed next: all statements lock sessions in this order.
  const ended = await transaction.query(
    sql`WITH weak AS (
       SELECT session.id, moment FROM ${storedSessions(lifetimes)}
       WHERE user_id = ${sub} AND inactive_reason IS NULL AND (session.id = ${sid} OR NOT 'mfa' = ANY(amr))
       ORDER BY session.id
       FOR UPDATE OF session
     )
     UPDATE sessions SET ended_at = moment, end_reason = ${'second step added' satisfies EndReason}
     FROM weak WHERE sessions.id = weak.id AND sessions.id <> ${sid}
     RETURNING 1`
  )
  return ended.length
}

/** What a proof adds to the methods of a session. */
const METHODS = { totp: 'otp', passkey: 'pop' } as const

/**
 * Takes a proof out of the methods of all sessions of a user, because the factor is removed. Otherwise a session of an
 * attacker who added and removed a factor would stay at `aal2`, and survive the second step that the owner adds. The
 * caller has locked the user.
 */
export async function withdrawProof(transaction: Database, user: string, proof: keyof typeof METHODS): Promise<void> {
  const method = METHODS[proof]
  await transaction.query(
    sql`WITH proven AS (
       SELECT id, array_remove(amr, ${method}) AS remaining FROM sessions
       WHERE user_id = ${user} AND ended_at IS NULL AND ${method} = ANY(amr)
       ORDER BY id FOR UPDATE
     )
     UPDATE sessions SET amr = CASE
         WHEN 'pop' = ANY(remaining) OR ('otp' = ANY(remaining) AND remaining && '{pwd,fed}') THEN remaining
         ELSE array_remove(remaining, 'mfa')
       END
     FROM proven WHERE sessions.id = proven.id`
  )
}
