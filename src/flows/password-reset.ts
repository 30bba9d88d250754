import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { deleteAllPasskeys } from '../factors/passkeys.ts'
import { dropRequirementIfNoFactor, type Factors, readFactors } from '../factors/state.ts'
import { accountKeys } from '../limits/counter-keys.ts'
import { resetGuesses } from '../limits/guesses.ts'
import { type EmailToken, useEmailToken } from '../mail/email-tokens.ts'
import { enqueueMail, enqueueNotice } from '../mail/mails.ts'
import { deleteAllIdentities } from '../providers/identities.ts'
import type { Lifetimes } from '../sessions/lifetimes.ts'
import { endAllSessions } from '../sessions/sessions.ts'
import { changePasswordHash, findOwnCredentials, type PasswordOwner } from '../users/credentials.ts'
import { markVerified } from '../users/users.ts'

/**
 * Resets the password of the user of a token. In the same transaction it verifies the address, ends all sessions,
 * resets the counters of failed passwords, and queues a notice. It removes the passkeys and identities of an account whose
 * address was not verified, and of any other if told so; never an app.
 *
 * @param secret key of the limit counters
 * @returns the versions for new device cookies, and the numbers of ended sessions, deleted passkeys and removed identities
 * @throws Problem EMAIL_TOKEN_INVALID; LAST_CREDENTIAL if no passkey may be deleted
 */
export async function resetPassword(
  database: Database,
  lifetimes: Lifetimes,
  secret: Buffer,
  { token, hash, deletePasskeys = false, unlinkIdentities = false }: PasswordResetRequest
): Promise<{ owner: PasswordOwner; ended: number; passkeys: number; identities: number }> {
  return database.transact(async (transaction) => {
    const used = await useEmailToken(transaction, 'reset password', token)
    const { user, names, email, passwordVersion } = used as ResetToken
    await changePasswordHash(transaction, { id: user, password_version: passwordVersion }, hash)
    // Nobody had proven the address: whoever added a passkey or a provider before may have waited for its owner
    // (pre-hijacking), and would still sign in with it alone.
    const isFirstProof = await markVerified(transaction, user)
    const identities = isFirstProof || unlinkIdentities ? await deleteAllIdentities(transaction, user) : 0
    const passkeys = isFirstProof || deletePasskeys ? await removePasskeys(transaction, user, isFirstProof) : 0
    const ended = await endAllSessions(transaction, lifetimes, user, 'password changed')
    await resetGuesses(transaction, accountKeys(secret, { id: user, ...names }))
    await enqueueMail(transaction, { kind: 'password changed', recipient: email, userId: user })
    return { owner: (await findOwnCredentials(transaction, user)) as PasswordOwner, ended, passkeys, identities }
  })
}

/**
 * Deletes all passkeys, but never the second step: otherwise the mailbox alone would sign in. Where the passkeys were
 * that step, recovery codes are left for it. Only if nobody had proven the address, nothing is left of it either: it may
 * keep the owner out.
 *
 * @throws Problem LAST_CREDENTIAL if no recovery code is left either
 */
async function removePasskeys(transaction: Database, user: string, isFirstProof: boolean): Promise<number> {
  const deleted = await deleteAllPasskeys(transaction, user)
  if (deleted === 0) return 0
  const { required, totp, recovery_codes: codes } = (await readFactors(transaction, user)) as Factors
  if (required && !totp && codes === 0 && !isFirstProof) throw new Problem('LAST_CREDENTIAL')
  if (!required || isFirstProof) await dropRequirementIfNoFactor(transaction, user)
  await enqueueNotice(transaction, user, { what: 'passkeys deleted' })
  return deleted
}

/** A new password, with the token of a mail. */
interface PasswordResetRequest {
  token: string
  /** The hash of the password. */
  hash: string
  deletePasskeys?: boolean | undefined
  unlinkIdentities?: boolean | undefined
}

/** Tokens of this purpose always have a user. */
type ResetToken = EmailToken & { user: string; passwordVersion: number }
