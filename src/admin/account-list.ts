import type { Database } from '../database/database.ts'
import { allOf, type Statement, sql } from '../database/sql.ts'
import { foldName } from '../users/names.ts'
import { ACCOUNT, type Account, type AccountRow, toAccount } from './accounts.ts'

/** How many accounts a list has where nothing else is asked for, and at most. */
export const PAGE_SIZE = 50
export const MAX_PAGE_SIZE = 1000

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
  const wanted = allOf(
    disabled === true && sql`disabled_at IS NOT NULL`,
    after !== undefined && sql`id > ${after}`,
    search !== undefined && sql`(${beginsWith(sql`username`, search)} OR ${beginsWith(sql`email`, search)})`
  )
  const rows = await database.query<AccountRow>(
    sql`SELECT ${ACCOUNT} FROM users WHERE ${wanted} ORDER BY id LIMIT ${limit + 1}`
  )
  const users = rows.slice(0, limit).map(toAccount)
  return { users, next: rows.length > limit ? (users.at(-1) as Account).id : null }
}

/** What begins with a text is what the index has from there up to it with the last of all characters behind it. */
function beginsWith(name: Statement, search: string): Statement {
  const first = foldName(search.trim())
  return sql`lower(${name} COLLATE "C") BETWEEN ${first} AND ${`${first}\u{10FFFF}`}`
}
