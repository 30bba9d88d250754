import type { Database } from '../database/database.ts'
import { allOf, type Statement, sql } from '../database/sql.ts'
import { foldName } from '../users/names.ts'
import { ACCOUNT, type Account, type AccountRow, toAccount } from './accounts.ts'

/** Accounts on a page, by default and at most. */
export const PAGE_SIZE = 50
export const MAX_PAGE_SIZE = 1000

/** A page of the list of accounts. */
export interface Listing {
  disabled?: boolean
  /** Only accounts that a password alone signs in. */
  withoutSecondStep?: boolean
  /** Prefix of a username or email. Letter case does not matter. */
  search?: string
  /** Accounts on the page. */
  limit: number
  /** Id of the last account of the previous page. */
  after?: string
}

/**
 * Lists accounts by id, and so by time of creation (UUIDv7).
 *
 * @returns a page, and in `next` the id for `after`; null on the last page
 */
export async function listAccounts(database: Database, { disabled, withoutSecondStep, search, limit, after }: Listing) {
  const conditions = allOf(
    disabled === true && sql`disabled_at IS NOT NULL`,
    withoutSecondStep === true && sql`NOT mfa_required`,
    after !== undefined && sql`id > ${after}`,
    search !== undefined && sql`(${beginsWith(sql`username`, search)} OR ${beginsWith(sql`email`, search)})`
  )
  const rows = await database.query<AccountRow>(
    sql`SELECT ${ACCOUNT} FROM users WHERE ${conditions} ORDER BY id LIMIT ${limit + 1}`
  )
  const users = rows.slice(0, limit).map(toAccount)
  return { users, next: rows.length > limit ? (users.at(-1) as Account).id : null }
}

/** A prefix search as a range, which the index on the folded name serves. */
export function beginsWith(name: Statement, search: string): Statement {
  const first = foldName(search.trim())
  return sql`lower(${name} COLLATE "C") BETWEEN ${first} AND ${`${first}\u{10FFFF}`}`
}
