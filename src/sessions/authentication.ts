import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import type { Proof } from '../errors.ts'
import { type Authentication, addProof } from './assurance.ts'
import { type Lifetimes, storedSessions } from './lifetimes.ts'
import type { EndReason, SessionOfUser } from './sessions.ts'

/**
 * Notes a proof in an active session, which is authenticated anew by it. The caller has locked the user.
 *
 * @returns how the session is authenticated now; undefined if it is not active
 */
export async function addProofToSession(
  transaction: Database,
  lifetimes: Lifetimes,
  { sid, sub }: SessionOfUser,
  proof: Proof
): Promise<Authentication | undefined> {
  const [session] = await transaction.query<{ amr: string[] }>(
    sql`SELECT amr FROM ${storedSessions(lifetimes)}
     WHERE session.id = ${sid} AND user_id = ${sub} AND inactive_reason IS NULL
     FOR UPDATE OF session`
  )
  if (!session) return undefined
  const amr = addProof(session.amr, proof)
  const [authenticated] = await transaction.query<{ authenticated_at: Date }>(
    sql`UPDATE sessions SET authenticated_at = ${NOW}, amr = ${amr} WHERE id = ${sid} RETURNING authenticated_at`
  )
  return authenticated && { authenticatedAt: authenticated.authenticated_at, amr }
}

/**
 * Ends the other active sessions of a user in which no second step was taken: a second step is required from now on. The
 * caller has locked the user.
 *
 * @returns the number of ended sessions
 */
export async function endSessionsBelowAal2(
  transaction: Database,
  lifetimes: Lifetimes,
  { sid, sub }: SessionOfUser
): Promise<number> {
  // The current session is locked with the others, in the order of all statements: it is changed next.
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
