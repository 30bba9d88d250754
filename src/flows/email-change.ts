import { v7 as uuid } from 'uuid'
import { disableLocked } from '../admin/accounts.ts'
import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'
import { accountKeys } from '../limits/counter-keys.ts'
import { resetGuesses } from '../limits/guesses.ts'
import { useEmailToken } from '../mail/email-tokens.ts'
import { enqueueMail } from '../mail/mails.ts'
import { useVerification } from '../mail/verification-tokens.ts'
import { NO_PASSWORD } from '../passwords/stored-hash.ts'
import type { Lifetimes } from '../sessions/lifetimes.ts'
import { endAllSessions, findSessionUser, type SessionOfUser } from '../sessions/sessions.ts'
import { type DeviceOwner, findDeviceOwner, findOwnCredentials, replacePasswordHash } from '../users/credentials.ts'
import { foldName } from '../users/names.ts'
import { deleteUser, markVerified, type ReplacedEmail, removeEmail, replaceEmail } from '../users/users.ts'

/** For how long nobody else registers an address that was replaced, in seconds: the link to undo it may come a day late. */
const RESERVED_FOR = 8 * 24 * 60 * 60

/** What shows that whoever follows the link owns the account: a living session of it, or its password. */
export type Proof = { session: SessionOfUser } | { passwordVersion: number }

/**
 * Marks the address that a token was sent to as proven, by whoever has shown to own the account. Again for the same token
 * while the address stands verified by it.
 *
 * @throws Problem EMAIL_TOKEN_INVALID; TOKEN_INVALID or INVALID_CREDENTIALS when the session is over, or the password was
 * changed, since it was checked
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

/** What has become of an account whose address was rejected. */
export interface Rejected {
  user: string
  outcome: 'address removed' | 'address before restored' | 'account disabled' | 'account deleted'
}

/**
 * Takes an address off an account, for who has the mailbox and not the account. An address that was verified meanwhile is
 * its owner's, and stays. An account without another name is deleted, if it was registered with the address; one that had
 * it from an operator gets the address before back, if that can be had back, or is disabled.
 *
 * @param requireVerified whether nobody signs in without a verified address: an account that has another name is disabled
 * then, or rejecting one's own address would be a way around that
 * @throws Problem EMAIL_TOKEN_INVALID
 */
export async function rejectEmail(
  database: Database,
  lifetimes: Lifetimes,
  token: string,
  requireVerified: boolean
): Promise<Rejected> {
  return database.transact(async (transaction) => {
    const used = await useEmailToken(transaction, 'verify email', token)
    const user = used.user as string
    const account = await findOwnCredentials(transaction, user)
    if (account?.email_verified) throw new Problem('EMAIL_TOKEN_INVALID')
    const before = await findReplaced(transaction, user)
    if (before) {
      await markUndone(transaction, user, before.email_version)
      await replaceEmail(transaction, user, before.previous_email)
      return { user, outcome: 'address before restored' }
    }
    const isNamed = used.names.username !== null
    if (!isNamed && account?.email_version === 1) {
      await deleteUser(transaction, user)
      return { user, outcome: 'account deleted' }
    }
    if (isNamed) await removeEmail(transaction, user)
    if (isNamed && !requireVerified) return { user, outcome: 'address removed' }
    await disableLocked(transaction, lifetimes, user)
    return { user, outcome: 'account disabled' }
  })
}

/**
 * Gives an account the new address that a token was sent to. A proven one that it had before is told, and can be had
 * back; one that was never proven may be a stranger's, who must not be given the account.
 *
 * @returns the id of the user
 * @throws Problem EMAIL_TOKEN_INVALID, or ACCOUNT_EXISTS where another account has the address by now
 */
export async function confirmNewEmail(database: Database, token: string): Promise<string> {
  return database.transact(async (transaction) => {
    const used = await useEmailToken(transaction, 'confirm new email', token)
    const user = used.user as string
    await recordReplacedEmail(transaction, user, used.email, await replaceEmail(transaction, user, used.email))
    return user
  })
}

/** Tells a proven address that it was replaced, and keeps it, so that it can be had back. */
export async function recordReplacedEmail(
  transaction: Database,
  user: string,
  email: string,
  { email: previous, email_verified, email_version, username }: ReplacedEmail
): Promise<void> {
  if (previous === null || !email_verified || foldName(previous) === foldName(email)) return
  const change = uuid({ msecs: transaction.clock.now() })
  await transaction.query(
    sql`INSERT INTO email_changes (id, user_id, previous_email, email_version, changed_at)
     VALUES (${change}, ${user}, ${previous}, ${email_version}, ${NOW})`
  )
  const data = { change, name: username ?? previous, new_email: email }
  await enqueueMail(transaction, { kind: 'email changed', recipient: previous, userId: user, data })
}

/**
 * Gives an account back the address that a token was sent to, and takes back all later changes. An attacker who made them
 * knows the password: that is replaced or made unusable, every session ends, and what mails have brought until now is void.
 * Without another password, a link to choose one is sent to the address that is back.
 *
 * @param secret that of the counters
 * @returns what the devices of the user are bound to from now on, and how many sessions have ended
 * @throws Problem EMAIL_TOKEN_INVALID, or ACCOUNT_EXISTS where another account has proven the address since
 */
export async function undoEmailChange(
  database: Database,
  lifetimes: Lifetimes,
  secret: Buffer,
  { token, hash }: { token: string; hash?: string | undefined }
): Promise<{ owner: DeviceOwner; ended: number }> {
  return database.transact(async (transaction) => {
    const used = await useEmailToken(transaction, 'undo email change', token)
    const { user, email } = used as { user: string; email: string }
    const [change] = await transaction.query<{ email_version: number }>(
      sql`SELECT email_version FROM email_changes WHERE id = ${used.change}`
    )
    await markUndone(transaction, user, Number(change?.email_version))
    const { username } = await replaceEmail(transaction, user, email)
    await replacePasswordHash(transaction, user, hash ?? NO_PASSWORD)
    const ended = await endAllSessions(transaction, lifetimes, user, 'email change undone')
    // As after a reset: whoever was guessing, the owner signs in with the new one.
    if (hash !== undefined) await resetGuesses(transaction, accountKeys(secret, { id: user, username, email }))
    const kind = hash === undefined ? 'reset password' : 'password changed'
    await enqueueMail(transaction, { kind, recipient: email, userId: user })
    return { owner: (await findDeviceOwner(transaction, user)) as DeviceOwner, ended }
  })
}

/** Takes back the changes of an address since it had a version: no link gives back what they replaced. */
async function markUndone(transaction: Database, user: string, since: number): Promise<void> {
  await transaction.query(
    sql`UPDATE email_changes SET undone_at = ${NOW}
     WHERE user_id = ${user} AND undone_at IS NULL AND email_version >= ${since}`
  )
}

/** Voids the links that would give an account another address than this one. */
export async function voidUndoLinks(transaction: Database, user: string, email: string): Promise<void> {
  await transaction.query(
    sql`UPDATE email_changes SET undone_at = ${NOW}
     WHERE user_id = ${user} AND undone_at IS NULL AND lower(previous_email COLLATE "C") <> ${foldName(email)}`
  )
}

/** The last address that an account may have back, where nobody has that now. */
async function findReplaced(transaction: Database, user: string) {
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
 * Whether an account may have an address back that it had until a few days ago.
 *
 * @param except the account that is not in question
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
