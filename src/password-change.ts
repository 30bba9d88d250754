import type { Database } from './database.ts'
import { Problem } from './errors.ts'
import { endSessions, type Lifetimes, type SessionOfUser } from './sessions.ts'
import { type Credentials, changePasswordHash } from './users.ts'

/**
 * Gives the user of a session another password, and ends all the user's other sessions: both or neither.
 *
 * @param credentials those that the current password was checked against
 * @throws Problem INVALID_CREDENTIALS when the password has been changed since, TOKEN_INVALID when the session is over
 */
export async function changePassword(
  database: Database,
  lifetimes: Lifetimes,
  session: SessionOfUser,
  credentials: Pick<Credentials, 'id' | 'password_version'>,
  hash: string
): Promise<void> {
  await database.transact(async (transaction) => {
    const changed = await changePasswordHash(transaction, credentials, hash)
    if (!changed) throw wrongPassword()
    const { alive } = await endSessions(transaction, lifetimes, session, null, 'password changed')
    if (!alive) throw new Problem('TOKEN_INVALID')
  })
}

/** What is answered where the current password is not right, or no longer. */
export const wrongPassword = () => new Problem('INVALID_CREDENTIALS', { message: 'The current password is wrong.' })
