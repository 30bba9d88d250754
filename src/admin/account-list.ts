import type { Database } from '../database/database.ts'
import { foldName } from '../users/names.ts'
import { ACCOUNT, type Account, type AccountRow, presentAccount } from './accounts.ts'

/** How many accounts a list has where nothing else is asked for, and at most. */
export const LISTED = 50
export const MOST_LISTED = 1000

/** Which accounts a list has. */
export interface Listing {
  disabled?: boolean
  /** What a username or an email begins with, in any letter case. */
  search?: string
  limit: number
  /** The id to go on after. */
  after?: string
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
