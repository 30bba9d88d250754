import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import { resetWrongCodes } from '../factors/totp-secrets.ts'
import { accountCodesKeys, accountKeys } from '../limits/counter-keys.ts'
import { type Failures, type Guesses, readCodeGuesses, readGuesses, resetGuesses } from '../limits/guesses.ts'
import { UUID } from '../schemas/fields.ts'
import type { AccountNames } from '../schemas/users.ts'
import type { Lifetimes } from '../sessions/lifetimes.ts'
import { countSessions, endAllSessions } from '../sessions/sessions.ts'
import { changePasswordHash } from '../users/credentials.ts'
import { foldName } from '../users/names.ts'
import {
  changeUsername,
  deleteUser,
  markVerified,
  toUser,
  USER,
  type UsernameChange,
  type UserRow
} from '../users/users.ts'
import { requireOtherAdmin } from './roles.ts'

/**
 * The help of the `<user>` argument. No text can be two of these: only an email contains `@`, and no username is a
 * UUID.
 */
export const ACCOUNT_ARGUMENT = 'an id, a username or an email address'

/** The database deadline of a command, in milliseconds. */
export const OPERATOR_TIMEOUT = 60_000

/** The row of an account, for an operator. */
export interface AccountRow extends UserRow {
  password_version: number
  disabled_at: Date | null
  last_login_at: Date | null
  roles: string[]
}

/** An account as shown to an operator. */
export type Account = ReturnType<typeof toAccount>

/** The outcome of an action that ends sessions. */
export interface SessionsEnded {
  account: Account
  /** Number of ended sessions. */
  ended: number
}

/** The outcome of disabling or enabling an account. */
export interface Switched {
  account: Account
  wasDisabled: boolean
}

/** Options of an action that may remove an administrator. */
interface Forced {
  /** Whether the last administrator may be removed. */
  force?: boolean
}

/** The columns of an AccountRow. */
export const ACCOUNT = sql`${USER}, password_version, disabled_at, last_login_at, roles`

/**
 * The row locks of an account. They block logins that open a session, and other operators. The next statement of the
 * transaction sees all sessions that were opened before.
 */
const LOCKS = { '': sql``, 'FOR NO KEY UPDATE': sql`FOR NO KEY UPDATE`, 'FOR UPDATE': sql`FOR UPDATE` }

type Lock = keyof typeof LOCKS

/**
 * Finds an account by id, username or email.
 *
 * @throws Error if there is none
 */
export async function findAccount(database: Database, user: string): Promise<Account> {
  return toAccount(await findAccountRow(database, user))
}

/**
 * Finds an account by id, username or email, and locks it.
 *
 * @param typed as the operator typed it
 * @throws Error if there is none
 */
export async function findAccountRow(database: Database, typed: string, lock: Lock = ''): Promise<AccountRow> {
  const user = typed.trim()
  const [kind, condition] = isId(user)
    ? ['id', sql`id = ${user}`]
    : user.includes('@')
      ? ['email address', sql`lower(email COLLATE "C") = ${foldName(user)}`]
      : ['username', sql`lower(username COLLATE "C") = ${foldName(user)}`]
  const [row] = await database.query<AccountRow>(sql`SELECT ${ACCOUNT} FROM users WHERE ${condition} ${LOCKS[lock]}`)
  if (!row) throw new Error(`There is no user with the ${kind} ${user}.`)
  return row
}

/**
 * Finds an account that may be disabled or deleted, before it is locked.
 *
 * @throws Problem LAST_ADMIN; Error if there is none
 */
async function findRemovable(transaction: Database, user: string, force: boolean): Promise<AccountRow> {
  const row = await findAccountRow(transaction, user)
  if (!force) await requireOtherAdmin(transaction, row.id)
  return row
}

/** Whether a text is the id of an account. No username or email has this form. */
export const isId = (text: string) => new RegExp(UUID).test(text)

/** The name of an account in messages: its username, or else its email. */
export const displayName = ({ username, email }: AccountNames) => (username ?? email) as string

/** Converts a row to the account that operators see. */
export function toAccount({ password_version: _, disabled_at, last_login_at, roles, ...user }: AccountRow) {
  return {
    ...toUser(user),
    disabled_at: disabled_at?.toISOString() ?? null,
    last_login_at: last_login_at?.toISOString() ?? null,
    roles
  }
}

/**
 * Disables an account and ends its sessions. Idempotent: keeps the first `disabled_at`.
 *
 * @throws Problem LAST_ADMIN
 */
export async function disableAccount(
  database: Database,
  lifetimes: Lifetimes,
  user: string,
  { force = false }: Forced = {}
): Promise<SessionsEnded & Switched> {
  return database.transact(async (transaction) => {
    const { id } = await findRemovable(transaction, user, force)
    const { disabled_at: before } = await findAccountRow(transaction, id, 'FOR NO KEY UPDATE')
    const { row, ended } = await disableLocked(transaction, lifetimes, id)
    return { account: toAccount(row), wasDisabled: before !== null, ended }
  })
}

/**
 * Disables an account that the caller has locked, and ends its sessions. The password version is incremented, so that
 * links in earlier mails stay void when the account is enabled again.
 */
export async function disableLocked(transaction: Database, lifetimes: Lifetimes, id: string) {
  const [row] = await transaction.query<AccountRow>(
    sql`UPDATE users SET disabled_at = coalesce(disabled_at, ${NOW}),
       password_version = password_version + 1
     WHERE id = ${id}
     RETURNING ${ACCOUNT}`
  )
  const ended = await endAllSessions(transaction, lifetimes, id, 'disabled')
  return { row: row as AccountRow, ended }
}

/** Enables an account. */
export async function enableAccount(database: Database, user: string): Promise<Switched> {
  return database.transact(async (transaction) => {
    const row = await findAccountRow(transaction, user, 'FOR NO KEY UPDATE')
    if (row.disabled_at) await transaction.query(sql`UPDATE users SET disabled_at = NULL WHERE id = ${row.id}`)
    return { account: toAccount({ ...row, disabled_at: null }), wasDisabled: row.disabled_at !== null }
  })
}

/**
 * Resets the counters of failed passwords, for both names and all devices of an account, and of wrong codes.
 *
 * @param secret key of the limit counters
 * @returns the failures counted before
 */
export async function unlockAccount(
  database: Database,
  secret: Buffer,
  user: string
): Promise<{ account: Account; guesses: Guesses[]; codes: Failures }> {
  return database.transact(async (transaction) => {
    const row = await findAccountRow(transaction, user, 'FOR NO KEY UPDATE')
    const guesses = await readGuesses(transaction, secret, row)
    const { wrong, blockedFor } = await readCodeGuesses(transaction, secret, row.id)
    await resetGuesses(transaction, [...accountCodesKeys(secret, row.id), ...accountKeys(secret, row)])
    const wrongInApp = await resetWrongCodes(transaction, row.id)
    return { account: toAccount(row), guesses, codes: { wrong: Math.max(wrong, wrongInApp), blockedFor } }
  })
}

/** Ends all sessions of an account. */
export async function endAccountSessions(
  database: Database,
  lifetimes: Lifetimes,
  user: string
): Promise<SessionsEnded> {
  return database.transact(async (transaction) => {
    const row = await findAccountRow(transaction, user, 'FOR NO KEY UPDATE')
    const ended = await endAllSessions(transaction, lifetimes, row.id, 'ended by an operator')
    return { account: toAccount(row), ended }
  })
}

/**
 * Sets the password of an account, and resets its counters of failed passwords.
 *
 * @param secret key of the limit counters
 */
export async function setPassword(
  database: Database,
  lifetimes: Lifetimes,
  secret: Buffer,
  user: string,
  { hash, keepSessions }: { hash: string; keepSessions: boolean }
): Promise<SessionsEnded> {
  return database.transact(async (transaction) => {
    const row = await findAccountRow(transaction, user, 'FOR NO KEY UPDATE')
    await changePasswordHash(transaction, row, hash)
    const ended = keepSessions ? 0 : await endAllSessions(transaction, lifetimes, row.id, 'password changed')
    await resetGuesses(transaction, accountKeys(secret, row))
    return { account: toAccount(row), ended }
  })
}

/**
 * Changes the username of an account. Reserved usernames are allowed.
 *
 * @throws Problem ACCOUNT_EXISTS if the username is taken
 */
export async function renameAccount(
  database: Database,
  renaming: UsernameChange,
  user: string,
  username: string
): Promise<{ account: Account; before: Account }> {
  return database.transact(async (transaction) => {
    const row = await findAccountRow(transaction, user, 'FOR NO KEY UPDATE')
    await changeUsername(transaction, renaming, row.id, username)
    return { account: toAccount({ ...row, username }), before: toAccount(row) }
  })
}

/**
 * Marks the email address of an account as verified.
 *
 * @throws Error if it has none
 */
export async function verifyAccount(
  database: Database,
  user: string
): Promise<{ account: Account; wasVerified: boolean }> {
  return database.transact(async (transaction) => {
    const row = await findAccountRow(transaction, user, 'FOR NO KEY UPDATE')
    if (row.email === null) throw new Error(`${displayName(row)} has no email address.`)
    await markVerified(transaction, row.id)
    return { account: toAccount({ ...row, email_verified: true }), wasVerified: row.email_verified }
  })
}

/**
 * Deletes an account with all its data.
 *
 * @throws Problem LAST_ADMIN
 */
export async function deleteAccount(
  database: Database,
  lifetimes: Lifetimes,
  user: string,
  { force = false }: Forced = {}
): Promise<SessionsEnded> {
  return database.transact(async (transaction) => {
    const { id } = await findRemovable(transaction, user, force)
    const row = await findAccountRow(transaction, id, 'FOR UPDATE')
    const ended = await deleteLocked(transaction, lifetimes, row.id)
    return { account: toAccount(row), ended }
  })
}

/**
 * Deletes an account that the caller has locked, with all its data.
 *
 * @returns the number of sessions that were active
 */
export async function deleteLocked(transaction: Database, lifetimes: Lifetimes, id: string): Promise<number> {
  const ended = await countSessions(transaction, lifetimes, id)
  await deleteUser(transaction, id)
  return ended
}
