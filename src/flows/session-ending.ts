import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { voidLoginSteps } from '../factors/login-steps.ts'
import type { Lifetimes } from '../sessions/lifetimes.ts'
import { endSessions, type SessionOfUser } from '../sessions/sessions.ts'
import { type DeviceOwner, voidDevices } from '../users/credentials.ts'

/**
 * Ends all sessions of the user but the current one, voids pending sign-ins, and revokes the user's device cookies, in one
 * transaction.
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
    await voidLoginSteps(transaction, session.sub)
    const { alive, count } = await endSessions(transaction, lifetimes, session, null, 'ended by the user')
    if (!owner || !alive) throw new Problem('TOKEN_INVALID')
    return { count, owner }
  })
}
