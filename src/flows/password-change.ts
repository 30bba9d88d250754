import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { enqueueMail } from '../mail/mails.ts'
import type { Lifetimes } from '../sessions/lifetimes.ts'
import { endSessions, type SessionOfUser } from '../sessions/sessions.ts'
import { type Credentials, changePasswordHash, type DeviceOwner } from '../users/credentials.ts'

/**
 * Gives the user of a session another password, ends all the user's other sessions, and sends a notice: all or nothing.
 *
 * @param credentials those that the current password was checked against
 * @param change the hash of the new password, and the address to which a notice goes (OWASP ASVS 5.0.0, 6.3.7), if any
 * @returns what the user's devices are bound to from now on
 * @throws Problem INVALID_CREDENTIALS when the password has been changed since, TOKEN_INVALID when the session is over
 */
export async function changePassword(
  database: Database,
  lifetimes: Lifetimes,
  session: SessionOfUser,
  credentials: Pick<Credentials, 'id' | 'password_version'>,
  { hash, notify }: { hash: string; notify?: string | undefined }
): Promise<DeviceOwner> {
  return database.transact(async (transaction) => {
    const changed = await changePasswordHash(transaction, credentials, hash)
    if (!changed) throw wrongPassword()
    const { alive } = await endSessions(transaction, lifetimes, session, null, 'password changed')
    if (!alive) throw new Problem('TOKEN_INVALID')
    if (notify !== undefined) {
      const mail = { kind: 'password changed', recipient: notify, userId: credentials.id } as const
      await enqueueMail(transaction, mail)
    }
    return changed
  })
}

/** What is answered where the current password is not right, or no longer. */
export const wrongPassword = () => new Problem('INVALID_CREDENTIALS', { message: 'The current password is wrong.' })
