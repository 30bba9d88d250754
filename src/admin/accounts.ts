import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { type AccountNames, accountKeys, forgive, type Guesses, readGuesses } from '../limits/counters.ts'
import { UUID } from '../schemas/schemas.ts'
import { countSessions, endAllSessions, type Lifetimes } from '../sessions/sessions.ts'
import {
  type Credentials,
  changePasswordHash,
  changeUsername,
  foldName,
  markVerified,
  present,
  type Renaming,
  USER,
  type UserRow
} from '../users/users.ts'

/** How the words of a command name an account; no two of the three can be mixed up. */
export const NAMED_BY = 'an id, a username or an email address'

/** How long one command may wait for the database in all, in milliseconds. */
export const OPERATOR_PATIENCE = 60_000

/** How many accounts a list has where nothing else is asked for, and at most. */
export const LISTED = 50
export const MOST_LISTED = 1000

interface AccountRow extends UserRow {
  password_version: number
  disabled_at: Date | null
}

/** A user as an operator sees one. */
export type Account = ReturnType<typeof presentAccount>

/** What came of something that ends sessions. */
export interface Outcome {
  account: Account
  /** How many sessions have ended. */
  ended: number
}

/** What came of disabling or enabling an account. */
export interface Switched {
  account: Account
  wasDisabled: boolean
}

/** Which accounts a list has. */
export interface Listing {
  disabled?: boolean
  /** What a username or an email begins with, in any letter case. */
  search?: string
  limit: number
  /** The id to go on after. */
  after?: string
}

const ACCOUNT = `${USER}, password_version, disabled_at`

/**
 * What a lock on the account keeps waiting: a login that opens a session, and every other operator. A transaction that
 * has it sees, from its next statement on, all sessions that were opened before.
 */
type Lock = '' | 'FOR NO KEY UPDATE' | 'FOR UPDATE'

/** @throws Error where there is no such account */
export async function findAccount(database: Database, user: string): Promise<Account> {
  return presentAccount(await find(database, user))
}

/** @throws Error where there is no such account */
export async function find(database: Database, typed: string, lock: Lock = ''): Promise<AccountRow> {
  const user = typed.trim()
  const [what, column, value] = isId(user)
    ? ['id', 'id', user]
    : user.includes('@')
      ? ['email address', 'lower(email COLLATE "C")', foldName(user)]
      : ['username', 'lower(username COLLATE "C")', foldName(user)]
  const [row] = await database.query<AccountRow>(`SELECT ${ACCOUNT} FROM users WHERE ${column} = $1 ${lock}`, [value])
  if (!row) throw new Error(`There is no user with the ${what} ${user}.`)
  return row
}

/** Whether it is the id of an account, and so none of its names. */
export const isId = (text: string) => new RegExp(UUID).test(text)

/** What an account is called when it is spoken of; each has a name. */
export const calledBy = ({ username, email }: AccountNames) => (username ?? email) as string

export function presentAccount({ password_version: _, disabled_at, ...user }: AccountRow) {
  return { ...present(user), disabled_at: disabled_at?.toISOString() ?? null }
}

/**
 * The accounts in the order of their ids, which is that of their making.
 *
 * @returns and the id to go on after, where there are more
 */
export async function listAccounts(database: Database, { disabled, search, limit, after }: Listing) {
  const values: unknown[] = [limit + 1]
  const parameter = (value: unknown) => `$${values.push(value)}`
  const conditions: string[] = []
  if (disabled) conditions.push('disabled_at IS NOT NULL')
  if (after !== undefined) conditions.push(`id > ${parameter(after)}`)
  if (search !== undefined) {
    // What begins with it is what the indexes have from there up to it with the last of all characters behind it.
    const first = foldName(search.trim())
    const [from, to] = [parameter(first), parameter(`${first}\u{10FFFF}`)]
    const begins = ['username', 'email'].map((name) => `lower(${name} COLLATE "C") BETWEEN ${from} AND ${to}`)
    conditions.push(`(${begins.join(' OR ')})`)
  }
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''
  const rows = await database.query<AccountRow>(`SELECT ${ACCOUNT} FROM users ${where} ORDER BY id LIMIT $1`, values)
  const users = rows.slice(0, limit).map(presentAccount)
  return { users, next: rows.length > limit ? (users.at(-1) as Account).id : null }
}

/** Has nobody sign in to an account any more, and ends its sessions. What is disabled already stays so, since when it was. */
export async function disableAccount(
  database: Database,
  lifetimes: Lifetimes,
  user: string
): Promise<Outcome & Switched> {
  return database.transact(async (transaction) => {
    const { id, disabled_at: before } = await find(transaction, user, 'FOR NO KEY UPDATE')
    const { row, ended } = await disable(transaction, lifetimes, id)
    return { account: presentAccount(row), wasDisabled: before !== null, ended }
  })
}

/**
 * Disables an account that is locked, and ends its sessions. The version of the password goes up as with a new one: links
 * that were mailed before do not come back to life when the account is enabled.
 */
export async function disable(transaction: Database, lifetimes: Lifetimes, id: string) {
  const [row] = await transaction.query<AccountRow>(
    `UPDATE users SET disabled_at = coalesce(disabled_at, now() + $2 * interval '1 millisecond'),
       password_version = password_version + 1
     WHERE id = $1
     RETURNING ${ACCOUNT}`,
    [id, lifetimes.clock.offset]
  )
  const ended = await endAllSessions(transaction, lifetimes, id, 'disabled')
  return { row: row as AccountRow, ended }
}

/** Lets the user of an account sign in again. */
export async function enableAccount(database: Database, user: string): Promise<Switched> {
  return database.transact(async (transaction) => {
    const row = await find(transaction, user, 'FOR NO KEY UPDATE')
    if (row.disabled_at) await transaction.query('UPDATE users SET disabled_at = NULL WHERE id = $1', [row.id])
    return { account: presentAccount({ ...row, disabled_at: null }), wasDisabled: row.disabled_at !== null }
  })
}

/** Forgets the wrong passwords of both names of an account and of its devices, so that nobody who knows the right one is held off. */
export async function unlockAccount(
  database: Database,
  clock: Clock,
  secret: Buffer,
  user: string
): Promise<{ account: Account; guesses: Guesses[] }> {
  return database.transact(async (transaction) => {
    const row = await find(transaction, user)
    const guesses = await readGuesses(transaction, clock, secret, row)
    await forgive(transaction, accountKeys(secret, row))
    return { account: presentAccount(row), guesses }
  })
}

/** Ends all sessions of an account. */
export async function endAccountSessions(database: Database, lifetimes: Lifetimes, user: string): Promise<Outcome> {
  return database.transact(async (transaction) => {
    const row = await find(transaction, user, 'FOR NO KEY UPDATE')
    const ended = await endAllSessions(transaction, lifetimes, row.id, 'ended by an operator')
    return { account: presentAccount(row), ended }
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
): Promise<Outcome> {
  return database.transact(async (transaction) => {
    const row = await find(transaction, user, 'FOR NO KEY UPDATE')
    await changePasswordHash(transaction, row, hash)
    const ended = keepSessions ? 0 : await endAllSessions(transaction, lifetimes, row.id, 'password changed')
    await forgive(transaction, accountKeys(secret, row))
    return { account: presentAccount(row), ended }
  })
}

/**
 * Gives an account another username, whether it is reserved or not.
 *
 * @throws Problem ACCOUNT_EXISTS
 */
export async function renameAccount(
  database: Database,
  renaming: Renaming,
  user: string,
  username: string
): Promise<{ account: Account; before: Account }> {
  return database.transact(async (transaction) => {
    const row = await find(transaction, user, 'FOR NO KEY UPDATE')
    await changeUsername(transaction, renaming, row.id, username)
    return { account: presentAccount({ ...row, username }), before: presentAccount(row) }
  })
}

/** Marks the address of an account as proven to be theirs. */
export async function verifyAccount(
  database: Database,
  user: string
): Promise<{ account: Account; wasVerified: boolean }> {
  return database.transact(async (transaction) => {
    const row = await find(transaction, user, 'FOR NO KEY UPDATE')
    if (row.email === null) throw new Error(`${calledBy(row)} has no email address.`)
    await markVerified(transaction, row.id)
    return { account: presentAccount({ ...row, email_verified: true }), wasVerified: row.email_verified }
  })
}

/** Deletes an account with all that belongs to it. */
export async function deleteAccount(database: Database, lifetimes: Lifetimes, user: string): Promise<Outcome> {
  return database.transact(async (transaction) => {
    const row = await find(transaction, user, 'FOR UPDATE')
    const ended = await countSessions(transaction, lifetimes, row.id)
    await remove(transaction, row.id)
    return { account: presentAccount(row), ended }
  })
}

/**
 * Deletes the account of who has given its password, as `deleteAccount` does.
 *
 * @returns whether it was still there, with that password
 */
export async function deleteOwnAccount(
  database: Database,
  { id, password_version }: Pick<Credentials, 'id' | 'password_version'>
): Promise<boolean> {
  return database.transact(async (transaction) => {
    const rows = await transaction.query('SELECT FROM users WHERE id = $1 AND password_version = $2 FOR UPDATE', [
      id,
      password_version
    ])
    if (rows.length === 0) return false
    await remove(transaction, id)
    return true
  })
}

/** Deletes a user that is locked. */
export async function remove(transaction: Database, id: string): Promise<void> {
  // They go with the user; locked before in the order in which others lock them, so that no two wait for each other.
  await transaction.query(
    'SELECT count(*) FROM (SELECT FROM sessions WHERE user_id = $1 ORDER BY id FOR UPDATE) AS locked',
    [id]
  )
  await transaction.query('DELETE FROM users WHERE id = $1', [id])
}
