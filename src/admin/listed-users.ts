import type { Database } from '../database/database.ts'
import { allOf, asNumber, type Statement, sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'
import type { ListedUser, USER_STATES } from '../schemas/admin/users.ts'
import { UUID } from '../schemas/fields.ts'
import { PASSWORD_HASH } from '../users/credentials.ts'
import { foldName } from '../users/names.ts'
import { toUser, USER, type UserRow } from '../users/users.ts'
import { beginsWith } from './account-list.ts'

/** The states of accounts: the conditions of partial indexes, to the letter. */
export const STATES = {
  active: sql`disabled_at IS NULL`,
  disabled: sql`disabled_at IS NOT NULL`,
  unverified: sql`email IS NOT NULL AND NOT email_verified`,
  invited: sql`(password_hash IS NULL OR password_hash = '!') AND NOT signed_in`
} satisfies Record<(typeof USER_STATES)[number], Statement>

/** A filter of accounts: all conditions hold. */
export interface UserFilter {
  /** Prefix of a username or an address, in any letter case. */
  search?: string | undefined
  /** Whole names, in any letter case. */
  username?: string | undefined
  email?: string | undefined
  role?: string | undefined
  state?: keyof typeof STATES | undefined
  /** Inclusive. */
  createdAfter?: Date | undefined
  /** Exclusive. */
  createdBefore?: Date | undefined
}

/** A page of accounts. */
export interface UserPage {
  limit: number
  /** `next` of the page before. */
  cursor?: string | undefined
}

/** A row of an account in a list. */
export interface ListedUserRow extends UserRow {
  disabled_at: Date | null
  last_login_at: Date | null
  roles: string[]
  has_password: boolean
}

/** The columns of a ListedUserRow. */
export const LISTED_USER = sql`${USER}, disabled_at, last_login_at, roles, ${PASSWORD_HASH} IS NOT NULL AS has_password`

/** Converts a row to an account in a list. */
export function toListedUser({ disabled_at, last_login_at, roles, has_password, ...user }: ListedUserRow): ListedUser {
  return {
    ...toUser(user),
    disabled_at: disabled_at?.toISOString() ?? null,
    last_login_at: last_login_at?.toISOString() ?? null,
    roles,
    has_password
  }
}

/**
 * Lists accounts, the newest first. Accounts that are created meanwhile are not on later pages, and none is on two.
 *
 * @returns a page, and in `next` the cursor of the next one; null on the last page
 * @throws Problem VALIDATION_FAILED if the cursor is not one
 */
export async function listUsers(
  database: Database,
  { search, username, email, role, state, createdAfter, createdBefore }: UserFilter,
  { limit, cursor }: UserPage
): Promise<{ users: ListedUser[]; next: string | null }> {
  const conditions = allOf(
    search !== undefined && sql`(${beginsWith(sql`username`, search)} OR ${beginsWith(sql`email`, search)})`,
    username !== undefined && sql`lower(username COLLATE "C") = ${foldName(username)}`,
    email !== undefined && sql`lower(email COLLATE "C") = ${foldName(email)}`,
    role !== undefined && withRole(role),
    state !== undefined && STATES[state],
    createdAfter !== undefined && sql`created_at >= ${createdAfter.toISOString()}`,
    createdBefore !== undefined && sql`created_at < ${createdBefore.toISOString()}`,
    cursor !== undefined && isOlder(readCursor(cursor))
  )
  const rows = await database.query<ListedUserRow & { place: number }>(
    sql`SELECT ${LISTED_USER}, ${asNumber(sql`(extract(epoch FROM created_at) * 1000000)::bigint`)} AS place
     FROM users WHERE ${conditions}
     ORDER BY users.created_at DESC, users.id DESC LIMIT ${limit + 1}`
  )
  const last = rows.length > limit ? rows[limit - 1] : undefined
  const users = rows.slice(0, limit).map(({ place: _, ...row }) => toListedUser(row))
  return { users, next: last ? writeCursor(last) : null }
}

/** The index is partial: it serves only a query that repeats its condition. */
const withRole = (role: string) => sql`roles <> '{}' AND roles @> ARRAY[${role}]`

/** The last account of a page: when it was created, in microseconds since the epoch, and its id. */
interface Place {
  place: number
  id: string
}

/** Times are compared to the microsecond: a Date would lose three digits, and then accounts. */
const isOlder = ({ place, id }: Place) =>
  sql`(users.created_at, users.id) < (timestamptz 'epoch' + ${place} * interval '1 microsecond', ${id}::uuid)`

const writeCursor = ({ place, id }: Place) => Buffer.from(`${place}.${id}`).toString('base64url')

const CURSOR = new RegExp(`^(-?\\d{1,16})\\.(${UUID.slice(1, -1)})$`)

function readCursor(cursor: string): Place {
  const text = Buffer.from(cursor, 'base64url').toString()
  const [, place, id] = CURSOR.exec(text) ?? []
  const read = { place: Number(place), id: String(id) }
  // Buffer skips what is not base64url, and numbers have many forms: only what is written here is read.
  if (!Number.isSafeInteger(read.place) || writeCursor(read) !== cursor) {
    const errors = [{ path: '/cursor', message: 'must be `next` of a page' }]
    throw new Problem('VALIDATION_FAILED', { errors })
  }
  return read
}
