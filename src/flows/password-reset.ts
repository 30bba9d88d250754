import type { Database } from '../database/database.ts'
import { accountKeys } from '../limits/counter-keys.ts'
import { resetGuesses } from '../limits/guesses.ts'
import { type EmailToken, useEmailToken } from '../mail/email-tokens.ts'
import { enqueueMail } from '../mail/mails.ts'
import type { Lifetimes } from '../sessions/lifetimes.ts'
import { endAllSessions } from '../sessions/sessions.ts'
import { changePasswordHash, type DeviceOwner, findDeviceOwner } from '../users/credentials.ts'
import { markVerified } from '../users/users.ts'

/**
 * Resets the password of the user of a token. In the same transaction it verifies the address, ends all sessions,
 * resets the counters of failed passwords, and queues a notice.
 *
 * @param secret key of the limit counters
 * @returns the versions for new device cookies, and the number of ended sessions
 * @throws Problem EMAIL_TOKEN_INVALID
 */
export async function resetPassword(
  database: Database,
  lifetimes: Lifetimes,
  secret: Buffer,
  { token, hash }: { token: string; hash: string }
): Promise<{ owner: DeviceOwner; ended: number }> {
  return database.transact(async (transaction) => {
    const used = await useEmailToken(transaction, 'reset password', token)
    const { user, names, email, passwordVersion } = used as ResetToken
    await changePasswordHash(transaction, { id: user, password_version: passwordVersion }, hash)
    await markVerified(transaction, user)
    const ended = await endAllSessions(transaction, lifetimes, user, 'password changed')
    await resetGuesses(transaction, accountKeys(secret, { id: user, ...names }))
    await enqueueMail(transaction, { kind: 'password changed', recipient: email, userId: user })
    return { owner: (await findDeviceOwner(transaction, user)) as DeviceOwner, ended }
  })
}

/** Tokens of this purpose always have a user. */
type ResetToken = EmailToken & { user: string; passwordVersion: number }
