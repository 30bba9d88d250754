import { v7 as uuid } from 'uuid'
import type { Clock } from './clock.ts'
import type { Database } from './database.ts'
import { useEmailToken } from './email-tokens.ts'
import { enqueueMail } from './outbox.ts'
import { endAllSessions, type Lifetimes } from './sessions.ts'
import { foldName, markVerified, replaceEmail } from './users.ts'

/** For how long nobody else registers an address that was replaced, in seconds: the link to undo it may come a day late. */
const RESERVED_FOR = 8 * 24 * 60 * 60

/**
 * Marks the address that a token was sent to as proven.
 *
 * @returns the id of the user
 * @throws Problem EMAIL_TOKEN_INVALID
 */
export async function verifyEmail(database: Database, clock: Clock, token: string): Promise<string> {
  return database.transact(async (transaction) => {
    const { user } = (await useEmailToken(transaction, clock, 'verify email', token)) as { user: string }
    await markVerified(transaction, user)
    return user
  })
}

/**
 * Gives an account the new address that a token was sent to. A proven one that it had before is told, and can be had
 * back; one that was never proven may be a stranger's, who must not be given the account.
 *
 * @returns the id of the user
 * @throws Problem EMAIL_TOKEN_INVALID, or ACCOUNT_EXISTS where another account has the address by now
 */
export async function confirmNewEmail(database: Database, clock: Clock, token: string): Promise<string> {
  return database.transact(async (transaction) => {
    const used = await useEmailToken(transaction, clock, 'confirm new email', token)
    const user = used.user as string
    const before = await replaceEmail(transaction, user, used.email)
    const { email: previous, email_verified, email_version, username } = before
    if (previous === null || !email_verified || foldName(previous) === foldName(used.email)) return user

    const change = uuid({ msecs: clock.now() })
    await transaction.query(
      `INSERT INTO email_changes (id, user_id, previous_email, email_version, changed_at)
       VALUES ($1, $2, $3, $4, now() + $5 * interval '1 millisecond')`,
      [change, user, previous, email_version, clock.offset]
    )
    const data = { change, name: username ?? previous, new_email: used.email }
    await enqueueMail(transaction, clock, { kind: 'email changed', recipient: previous, userId: user, data })
    return user
  })
}

/**
 * Gives an account back the address that a token was sent to, and takes back all later changes. Since whoever has made
 * them knows the password, every session ends, and a link to choose another password is sent along.
 *
 * @returns the id of the user, and how many sessions have ended
 * @throws Problem EMAIL_TOKEN_INVALID, or ACCOUNT_EXISTS where another account has proven the address since
 */
export async function undoEmailChange(
  database: Database,
  lifetimes: Lifetimes,
  token: string
): Promise<{ user: string; ended: number }> {
  const { clock } = lifetimes
  return database.transact(async (transaction) => {
    const used = await useEmailToken(transaction, clock, 'undo email change', token)
    const { user, email } = used as { user: string; email: string }
    await transaction.query(
      `UPDATE email_changes SET undone_at = now() + $3 * interval '1 millisecond'
       WHERE user_id = $1 AND undone_at IS NULL
         AND email_version >= (SELECT email_version FROM email_changes WHERE id = $2)`,
      [user, used.change, clock.offset]
    )
    await replaceEmail(transaction, user, email)
    const ended = await endAllSessions(transaction, lifetimes, user, 'email change undone')
    await enqueueMail(transaction, clock, { kind: 'reset password', recipient: email, userId: user })
    return { user, ended }
  })
}

/** Whether an account may have an address back that it had until a few days ago. */
export async function isReserved(database: Database, clock: Clock, email: string): Promise<boolean> {
  const rows = await database.query(
    `SELECT FROM email_changes
     WHERE lower(previous_email COLLATE "C") = $1 AND undone_at IS NULL
       AND changed_at > now() + $2 * interval '1 millisecond' - make_interval(secs => $3)
     LIMIT 1`,
    [foldName(email), clock.offset, RESERVED_FOR]
  )
  return rows.length > 0
}
