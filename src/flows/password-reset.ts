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
 * Gives the user of a token another password: it ends every session, forgets the wrong passwords, proves the address and
 * sends a notice, all of it or nothing.
 *
 * @param secret that of the counters
 * @returns what the user's devices are bound to from now on, and how many sessions have ended
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
    const { user, names, email, passwordVersion } = used as OfUser
    await changePasswordHash(transaction, { id: user, password_version: passwordVersion }, hash)
    await markVerified(transaction, user)
    const ended = await endAllSessions(transaction, lifetimes, user, 'password changed')
    await resetGuesses(transaction, accountKeys(secret, { id: user, ...names }))
    await enqueueMail(transaction, { kind: 'password changed', recipient: email, userId: user })
    return { owner: (await findDeviceOwner(transaction, user)) as DeviceOwner, ended }
  })
}

type OfUser = EmailToken & { user: string; passwordVersion: number }
