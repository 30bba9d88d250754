import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import { accountKeys } from '../limits/counter-keys.ts'
import { type Guesses, readGuesses, resetGuesses } from '../limits/guesses.ts'
import { UUID } from '../schemas/fields.ts'
import type { Lifetimes } from '../sessions/lifetimes.ts'
import { countSessions, endAllSessions } from '../sessions/sessions.ts'
import { changePasswordHash } from '../users/credentials.ts'
import { type AccountNames, foldName } from '../users/names.ts'
import {
  changeUsername,
  deleteUser,
  markVerified,
  toUser,
  USER,
  type UsernameChange,
  type UserRow
} from '../users/users.ts'

/** How the words of a command name an account; no two of the three can be mixed up. */
export const ACCOUNT_ARGUMENT = 'an id, a username or an email address'

/** How long one command may wait for the database in all, in milliseconds. */
export const OPERATOR_TIMEOUT = 60_000

export interface AccountRow extends UserRow {
  password_version: number
  disabled_at: Date | null
}

/** A user as an operator sees one. */
export type Account = ReturnType<typeof toAccount>

/** What came of something that ends sessions. */
export interface SessionsEnded {
  account: Account
  /** How many sessions have ended. */
  ended: number
}

/** What came of disabling or enabling an account. */
export interface Switched {
  account: Account
  wasDisabled: boolean
}

export const ACCOUNT = sql`${USER}, password_version, disabled_at`

/**
 * What a lock on the account keeps waiting: a login that opens a session, and every other operator. A transaction that
 * has it sees, from its next statement on, all sessions that were opened before.
 */
const LOCKS = { '': sql``, 'FOR NO KEY UPDATE': sql`FOR NO KEY UPDATE`, 'FOR UPDATE': sql`FOR UPDATE` }

type Lock = keyof typeof LOCKS

/** @throws Error where there is no such account */
export async function findAccount(database: Database, user: string): Promise<Account> {
  return toAccount(await findAccountRow(database, user))
}

/** @throws Error where there is no such account */
export async function findAccountRow(database: Database, typed: string, lock: Lock = ''): Promise<AccountRow> {
  const user = typed.trim()
  const [what, named] = isId(user)
    ? ['id', sql`id = ${user}`]
    : user.includes('@')
      ? ['email address', sql`lower(email COLLATE "C") = ${foldName(user)}`]
      : ['username', sql`lower(username COLLATE "C") = ${foldName(user)}`]
  const [row] = await database.query<AccountRow>(sql`SELECT ${ACCOUNT} FROM users WHERE ${named} ${LOCKS[lock]}`)
  if (!row) throw new Error(`There is no user with the ${what} ${user}.`)
  return row
}

/** Whether it is the id of an account, and so none of its names. */
export const isId = (text: string) => new RegExp(UUID).test(text)

/** What an account is called when it is spoken of; each has a name. */
export const displayName = ({ username, email }: AccountNames) => (username ?? email) as string

export function toAccount({ password_version: _, disabled_at, ...user }: AccountRow) {
  return { ...toUser(user), disabled_at: disabled_at?.toISOString() ?? null }
}

/** Has nobody sign in to an account any more, and ends its sessions. What is disabled already stays so, since when it was. */
export async function disableAccount(
  database: Database,
  lifetimes: Lifetimes,
  user: string
): Promise<SessionsEnded & Switched> {
  return database.transact(async (transaction) => {
    const { id, disabled_at: before } = await findAccountRow(transaction, user, 'FOR NO KEY UPDATE')
    const { row, ended } = await disableLocked(transaction, lifetimes, id)
    return { account: toAccount(row), wasDisabled: before !== null, ended }
  })
}

/**
 * Disables an account that is locked, and ends its sessions. The version of the password goes up as with a new one: links
 * that were mailed before do not come back to life when the account is enabled.
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

/** Lets the user of an account sign in again. */
export async function enableAccount(database: Database, user: string): Promise<Switched> {
  return database.transact(async (transaction) => {
    const row = await findAccountRow(transaction, user, 'FOR NO KEY UPDATE')
    if (row.disabled_at) await transaction.query(sql`UPDATE users SET disabled_at = NULL WHERE id = ${row.id}`)
    return { account: toAccount({ ...row, disabled_at: null }), wasDisabled: row.disabled_at !== null }
  })
}

/** Forgets the wrong passwords of both names of an account and of its devices, so that nobody who knows the right one is throttled. */
export async function unlockAccount(
  database: Database,
  secret: Buffer,
  user: string
): Promise<{ account: Account; guesses: Guesses[] }> {
  return database.transact(async (transaction) => {
    const row = await findAccountRow(transaction, user)
    const guesses = await readGuesses(transaction, secret, row)
    await resetGuesses(transaction, accountKeys(secret, row))
    return { account: toAccount(row), guesses }
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
 * Gives an account another password, whatever the present one is, and forgets the wrong ones.
 *
 * @param secret that of the counters
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
 * Gives an account another username, whether it is reserved or not.
 *
 * @throws Problem ACCOUNT_EXISTS
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

/** Marks the address of an account as proven to be theirs. */
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

/** Deletes an account with all that belongs to it. */
export async function deleteAccount(database: Database, lifetimes: Lifetimes, user: string): Promise<SessionsEnded> {
  return database.transact(async (transaction) => {
    const row = await findAccountRow(transaction, user, 'FOR UPDATE')
    const ended = await countSessions(transaction, lifetimes, row.id)
    await deleteUser(transaction, row.id)
    return { account: toAccount(row), ended }
  })
}
