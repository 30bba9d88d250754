import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { enqueueMail } from '../mail/mails.ts'
import type { Lifetimes } from '../sessions/lifetimes.ts'
import { endSessions, type SessionOfUser } from '../sessions/sessions.ts'
import { type Credentials, changePasswordHash, type DeviceOwner, wrongPassword } from '../users/credentials.ts'

/**
 * Changes the password of a signed-in user, ends all other sessions, and queues a notice, in one transaction.
 *
 * @param session the current session
 * @param credentials against which the current password was verified
 * @param change hash of the new password, and the address for the notice (OWASP ASVS 5.0 §6.3.7), if any
 * @returns the versions for new device cookies
 * @throws Problem INVALID_CREDENTIALS if the password was changed meanwhile, TOKEN_INVALID if the session is not active
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
