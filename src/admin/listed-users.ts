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

/** What bounds the cost of a page. */
const BOUNDS = {
  /** A search is common if more accounts than this begin with it, by username or by address. */
  common: 2_000,
  /** Accounts that a page of a common search examines, at most. */
  examined: 10_000,
  /** The same if a role is asked for, since each account is then looked up by its id. */
  examinedByRole: 2_500
}

/**
 * Lists accounts, the newest first. Accounts that are created meanwhile are not on later pages, and none is on two. The
 * cost of a page is bounded, however many accounts there are: therefore a page of a common search may have fewer accounts
 * than `limit`, even none, although others follow.
 *
 * @returns a page, and in `next` the cursor of the next one; null on the last page
 * @throws Problem VALIDATION_FAILED if the cursor is not one
 */
export async function listUsers(
  database: Database,
  filter: UserFilter,
  { limit, cursor }: UserPage,
  { common, examined, examinedByRole } = BOUNDS
): Promise<{ users: ListedUser[]; next: string | null }> {
  const { search, role } = filter
  const range = rangeOf(filter, cursor)
  const mostExamined = role === undefined ? examined : examinedByRole
  const end = search === undefined ? limit + 1 : mostExamined
  const areFew = await hasFew(database, filter, common)
  const source = areFew ? candidates(filter, range, common) : walk(filter, range, end)
  const isFound = search === undefined ? sql`true` : sql`coalesce(${startsWith(search)}, false)`
  const rows = await database.query<ListedUserRow & Place & { is_found: boolean; is_last: boolean }>(
    sql`SELECT ${LISTED_USER}, ${isFound} AS is_found, number = ${end} AS is_last,
       ${asNumber(sql`(extract(epoch FROM created_at) * 1000000)::bigint`)} AS place
     FROM ${source}
     WHERE ${isFound} OR number = ${end}
     ORDER BY listed_at DESC, listed_id DESC LIMIT ${limit + 1}`
  )
  const found = rows.filter(({ is_found }) => is_found)
  const last = found.length > limit ? found[limit - 1] : rows.find(({ is_last }) => is_last)
  const users = found.slice(0, limit).map(({ place: _, is_found: _found, is_last: _last, ...row }) => toListedUser(row))
  return { users, next: last ? writeCursor(last) : null }
}

/** Whether a name or a search leaves so few accounts that all of them can be sorted. */
async function hasFew(database: Database, { username, email, search }: UserFilter, common: number): Promise<boolean> {
  if (username !== undefined || email !== undefined) return true
  if (search === undefined) return false
  const [row] = await database.query<{ few: boolean }>(
    sql`SELECT (SELECT count(*) FROM (${named(sql`username`, search, common + 1)}) AS found) <= ${common}
       AND (SELECT count(*) FROM (${named(sql`email`, search, common + 1)}) AS found) <= ${common} AS few`
  )
  return row?.few as boolean
}

const startsWith = (search: string) => sql`(${beginsWith(sql`username`, search)} OR ${beginsWith(sql`email`, search)})`

/** Some accounts of a search. The order makes PostgreSQL use the index of the name. */
const named = (name: Statement, search: string, limit: number) =>
  sql`SELECT * FROM users WHERE ${beginsWith(name, search)} ORDER BY lower(${name} COLLATE "C") LIMIT ${limit}`

/** The accounts of a rare search, each once. There may be more by now than were counted. */
function startingWith(search: string, common: number): Statement {
  const [byUsername, byEmail] = [sql`username`, sql`email`].map((name) => named(name, search, 2 * common))
  return sql`(${byUsername as Statement}) UNION ALL (
         SELECT * FROM (${byEmail as Statement}) AS users WHERE coalesce(NOT ${beginsWith(sql`username`, search)}, true)
       )`
}

/** For FROM: the accounts with a name, or of a rare search, to which the other conditions apply. */
function candidates({ username, email, search, role, state }: UserFilter, range: Range, common: number): Statement {
  const names = allOf(
    username !== undefined && sql`lower(username COLLATE "C") = ${foldName(username)}`,
    email !== undefined && sql`lower(email COLLATE "C") = ${foldName(email)}`
  )
  const few =
    username === undefined && email === undefined
      ? startingWith(search as string, common)
      : sql`SELECT * FROM users WHERE ${names}`
  return sql`(
       SELECT *, created_at AS listed_at, id AS listed_id, 0 AS number FROM (${few}) AS users
       WHERE ${allOf(
         role !== undefined && sql`${role} = ANY (roles)`,
         state !== undefined && STATES[state]
       )} AND ${within(sql`created_at, id`, range)}
     ) AS listed`
}

/** For FROM: the newest accounts with a role and state, in order and numbered. */
function walk({ role, state }: UserFilter, range: Range, count: number): Statement {
  if (role === undefined) {
    return sql`(
       SELECT *, created_at AS listed_at, id AS listed_id, row_number() OVER (ORDER BY created_at DESC, id DESC) AS number
       FROM users
       WHERE ${allOf(state !== undefined && STATES[state])} AND ${within(sql`created_at, id`, range)}
       ORDER BY created_at DESC, id DESC LIMIT ${count}
     ) AS listed`
  }
  // Without OFFSET, the planner could join and sort all accounts.
  return sql`(
       SELECT created_at AS listed_at, user_id AS listed_id,
         row_number() OVER (ORDER BY created_at DESC, user_id DESC) AS number
       FROM users_by_role
       WHERE role = ${role} AND state = ${state ?? 'all'} AND ${within(sql`created_at, user_id`, range)}
       ORDER BY created_at DESC, user_id DESC LIMIT ${count}
     ) AS listed, LATERAL (SELECT * FROM users WHERE id = listed_id OFFSET 0) AS users`
}

/** The place of an account in the list. */
interface Bound {
  time: Statement
  id: string
}

/** A part of the list: from a place, without it, to an older one. */
interface Range {
  newest: Bound
  oldest: Bound
}

const NIL = '00000000-0000-0000-0000-000000000000'

/** One bound at either end: of two, PostgreSQL might use the wrong one to enter the index. */
function rangeOf({ createdAfter, createdBefore }: UserFilter, cursor: string | undefined): Range {
  const place = cursor === undefined ? undefined : readCursor(cursor)
  const before = createdBefore ? createdBefore.getTime() * 1000 : Number.POSITIVE_INFINITY
  const newest =
    place && place.place <= before
      ? { time: sql`(timestamptz 'epoch' + ${place.place} * interval '1 microsecond')`, id: place.id }
      : { time: sql`${createdBefore?.toISOString() ?? 'infinity'}::timestamptz`, id: NIL }
  return { newest, oldest: { time: sql`${createdAfter?.toISOString() ?? '-infinity'}::timestamptz`, id: NIL } }
}

const within = (columns: Statement, { newest, oldest }: Range) =>
  sql`(${columns}) < (${newest.time}, ${newest.id}::uuid) AND (${columns}) >= (${oldest.time}, ${oldest.id}::uuid)`

/** The last account of a page: when it was created, in microseconds since the epoch, and its id. */
interface Place {
  place: number
  id: string
}

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
