import { v7 as uuid } from 'uuid'
import { disableLocked } from '../admin/accounts.ts'
import { isLastAdmin } from '../admin/roles.ts'
import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'
import { type DeletedFactors, deleteFactorsSince, dropRequirementIfNoFactor } from '../factors/state.ts'
import { accountKeys } from '../limits/counter-keys.ts'
import { resetGuesses } from '../limits/guesses.ts'
import { findEmailToken, useEmailToken } from '../mail/email-tokens.ts'
import { enqueueMail, enqueueNotice } from '../mail/mails.ts'
import { useVerification } from '../mail/verification-tokens.ts'
import { deleteIdentitiesSince } from '../providers/identities.ts'
import type { Lifetimes } from '../sessions/lifetimes.ts'
import { endAllSessions, findSessionUser, type SessionOfUser } from '../sessions/sessions.ts'
import { findOwnCredentials, type PasswordOwner, replacePasswordHash } from '../users/credentials.ts'
import { foldName } from '../users/names.ts'
import { deleteUser, markVerified, type ReplacedEmail, removeEmail, replaceEmail } from '../users/users.ts'

/**
 * How long a replaced address is reserved for its previous account, in seconds: the link that undoes the change is
 * valid for 7 days, and the mail may be a day late.
 */
const RESERVED_FOR = 8 * 24 * 60 * 60

/** Evidence that the person who follows a link owns the account: an active session, or a verified password. */
export type Proof = { session: SessionOfUser } | { passwordVersion: number }

/**
 * Verifies the address that a token was sent to, for a person who also owns the account. Idempotent for the same token.
 *
 * @returns the id of the user, and whether the address had already been verified with this token
 * @throws Problem EMAIL_TOKEN_INVALID; TOKEN_INVALID if the session is not active; INVALID_CREDENTIALS if the password
 * was changed since it was verified
 */
export async function verifyEmail(
  database: Database,
  lifetimes: Lifetimes,
  token: string,
  proof: Proof
): Promise<{ user: string; done: boolean }> {
  return database.transact(async (transaction) => {
    const { user, done } = await useVerification(transaction, token)
    if ('session' in proof) {
      if (!(await findSessionUser(transaction, lifetimes, proof.session))) throw new Problem('TOKEN_INVALID')
    } else {
      const account = await findOwnCredentials(transaction, user)
      if (account?.password_version !== proof.passwordVersion) throw new Problem('INVALID_CREDENTIALS')
    }
    await markVerified(transaction, user)
    return { user, done }
  })
}

/** The outcome of a rejected address. */
export interface Rejected {
  user: string
  outcome: 'address removed' | 'previous address restored' | 'account disabled' | 'account deleted'
}

/**
 * Removes an unverified address from an account that somebody else opened with it; the person who rejects it owns the
 * mailbox only. The first rule that applies:
 * - If an operator replaced an earlier address, and that can be restored, it is restored.
 * - If the account has no username and was registered with the address, it is deleted.
 * - If it has a username, the address is removed. With `requireVerified` the account is disabled too: users could
 *   otherwise evade the verification by rejecting their own address.
 * - Otherwise the account is disabled.
 *
 * @param requireVerified REQUIRE_VERIFIED_EMAIL
 * @throws Problem EMAIL_TOKEN_INVALID, also if the address was verified meanwhile; LAST_ADMIN instead of deleting or
 * disabling the last administrator: the token stays valid
 */
export async function rejectEmail(
  database: Database,
  lifetimes: Lifetimes,
  token: string,
  requireVerified: boolean
): Promise<Rejected> {
  return database.transact(async (transaction) => {
    const found = await findEmailToken(transaction, 'verify email', token)
    // It locks the account, which the token's use would lock first.
    const isLast = await isLastAdmin(transaction, String(found.user))
    const used = await useEmailToken(transaction, 'verify email', token)
    const user = used.user as string
    const account = await findOwnCredentials(transaction, user)
    if (account?.email_verified) throw new Problem('EMAIL_TOKEN_INVALID')
    const change = await findRestorable(transaction, user)
    if (change) {
      await markUndone(transaction, user, change.email_version)
      await replaceEmail(transaction, user, change.previous_email)
      return { user, outcome: 'previous address restored' }
    }
    const hasUsername = used.names.username !== null
    if (isLast && (requireVerified || !hasUsername)) throw new Problem('LAST_ADMIN')
    if (!hasUsername && account?.email_version === 1) {
      await deleteUser(transaction, user)
      return { user, outcome: 'account deleted' }
    }
    if (hasUsername) await removeEmail(transaction, user)
    if (hasUsername && !requireVerified) return { user, outcome: 'address removed' }
    await disableLocked(transaction, lifetimes, user)
    return { user, outcome: 'account disabled' }
  })
}

/**
 * Changes the address of an account to the one that a token was sent to. A verified previous address is notified, and
 * can be restored. An unverified one may belong to a stranger, who must not be able to take over the account.
 *
 * @returns the id of the user
 * @throws Problem EMAIL_TOKEN_INVALID, or ACCOUNT_EXISTS if another account has taken the address meanwhile
 */
export async function confirmNewEmail(database: Database, token: string): Promise<string> {
  return database.transact(async (transaction) => {
    const used = await useEmailToken(transaction, 'confirm new email', token)
    const { email, askedAt } = used
    const user = used.user as string
    await recordReplacedEmail(transaction, user, email, await replaceEmail(transaction, user, email), askedAt)
    return user
  })
}

/**
 * Stores a replaced address if it was verified, and mails it a link that undoes the change.
 *
 * @param askedAt when the change was requested, if that was before
 */
export async function recordReplacedEmail(
  transaction: Database,
  user: string,
  email: string,
  { email: previous, email_verified, email_version, username }: ReplacedEmail,
  askedAt: Date | null = null
): Promise<void> {
  if (previous === null || !email_verified || foldName(previous) === foldName(email)) return
  const change = uuid({ msecs: transaction.clock.now() })
  await transaction.query(
    sql`INSERT INTO email_changes (id, user_id, previous_email, email_version, changed_at, asked_at)
     VALUES (${change}, ${user}, ${previous}, ${email_version}, ${NOW}, ${askedAt})`
  )
  const data = { change, name: username ?? previous, new_email: email }
  await enqueueMail(transaction, { kind: 'email changed', recipient: previous, userId: user, data })
}

/**
 * Restores the address that a token was sent to, and undoes all later changes. An attacker who made the change knows
 * the password, and may have added an app that would lock the owner out. So the password is replaced or made unusable,
 * all sessions end, links in earlier mails become void, and factors and identities that were added since the change was
 * requested are deleted: the attacker confirms it when it suits. Without a new password, a reset link is sent to the restored address.
 *
 * @param secret key of the limit counters
 * @param hash of the new password, if the user has chosen one
 * @returns the versions for new device cookies, the number of ended sessions, and the deleted factors
 * @throws Problem EMAIL_TOKEN_INVALID, or ACCOUNT_EXISTS if another account has verified the address since
 */
export async function undoEmailChange(
  database: Database,
  lifetimes: Lifetimes,
  secret: Buffer,
  { token, hash }: { token: string; hash?: string | undefined }
): Promise<{ owner: PasswordOwner; ended: number; deleted: UndoneFactors }> {
  return database.transact(async (transaction) => {
    const used = await useEmailToken(transaction, 'undo email change', token)
    const { user, email } = used as { user: string; email: string }
    const [change] = await transaction.query<{ email_version: number; since: Date }>(
      sql`SELECT email_version, coalesce(asked_at, changed_at) AS since FROM email_changes WHERE id = ${used.change}`
    )
    const { email_version, since } = change as { email_version: number; since: Date }
    await markUndone(transaction, user, email_version)
    const { username } = await replaceEmail(transaction, user, email)
    await replacePasswordHash(transaction, user, hash ?? null)
    const deleted = await undoFactors(transaction, user, since)
    const ended = await endAllSessions(transaction, lifetimes, user, 'email change undone')
    // As after a password reset: the owner can sign in, whatever was guessed before.
    if (hash !== undefined) await resetGuesses(transaction, accountKeys(secret, { id: user, username, email }))
    const kind = hash === undefined ? 'reset password' : 'password changed'
    await enqueueMail(transaction, { kind, recipient: email, userId: user })
    return { owner: (await findOwnCredentials(transaction, user)) as PasswordOwner, ended, deleted }
  })
}

/** What was added to sign in with since a change of the address was requested, and is deleted when it is undone. */
export interface UndoneFactors extends DeletedFactors {
  /** The number of identities. */
  identities: number
  /** Whether the requirement of a second step was removed. */
  dropped: boolean
}

async function undoFactors(transaction: Database, user: string, since: Date): Promise<UndoneFactors> {
  const factors = await deleteFactorsSince(transaction, user, since)
  const identities = await deleteIdentitiesSince(transaction, user, since)
  const hadFactor = factors.totp || factors.passkeys > 0
  const dropped = hadFactor && (await dropRequirementIfNoFactor(transaction, user))
  if (hadFactor || identities > 0) await enqueueNotice(transaction, user, { what: 'factors removed' })
  return { ...factors, identities, dropped }
}

/** Voids the undo links of all changes since a version of the address. */
async function markUndone(transaction: Database, user: string, since: number): Promise<void> {
  await transaction.query(
    sql`UPDATE email_changes SET undone_at = ${NOW}
     WHERE user_id = ${user} AND undone_at IS NULL AND email_version >= ${since}`
  )
}

/** Voids the undo links that would restore another address than this one. */
export async function voidUndoLinks(transaction: Database, user: string, email: string): Promise<void> {
  await transaction.query(
    sql`UPDATE email_changes SET undone_at = ${NOW}
     WHERE user_id = ${user} AND undone_at IS NULL AND lower(previous_email COLLATE "C") <> ${foldName(email)}`
  )
}

/** Finds the latest address that the account may restore, unless another account has it now. */
async function findRestorable(transaction: Database, user: string) {
  const [replaced] = await transaction.query<{ previous_email: string; email_version: number }>(
    sql`SELECT previous_email, email_version FROM email_changes
     WHERE user_id = ${user} AND undone_at IS NULL
       AND changed_at > ${NOW} - make_interval(secs => ${RESERVED_FOR})
       AND NOT EXISTS (SELECT FROM users WHERE lower(email COLLATE "C") = lower(previous_email COLLATE "C"))
     ORDER BY email_version DESC LIMIT 1`
  )
  return replaced
}

/**
 * Whether an address is reserved for an account that had it until recently.
 *
 * @param except id of an account whose own reservation does not count
 */
export async function isAddressReserved(database: Database, email: string, except?: string): Promise<boolean> {
  const rows = await database.query(
    sql`SELECT FROM email_changes
     WHERE lower(previous_email COLLATE "C") = ${foldName(email)} AND undone_at IS NULL
       AND changed_at > ${NOW} - make_interval(secs => ${RESERVED_FOR})
       AND user_id IS DISTINCT FROM ${except ?? null}
     LIMIT 1`
  )
  return rows.length > 0
}
