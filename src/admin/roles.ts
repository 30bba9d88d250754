import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'
import { sortRoles } from '../schemas/fields.ts'

/** The roles that administer the service. All others are for applications only. */
export const RESERVED_ROLES = ['admin', 'support'] as const

/** Whether one of these roles administers the service. */
export const hasReserved = (roles: readonly string[]) => RESERVED_ROLES.some((role) => roles.includes(role))

export { sortRoles }

/** Who makes a change: an operator by a command, an administrator, a support or a service key. */
export interface Authority {
  /** Whether it may change every account: an operator, or an administrator in a session. */
  admin: boolean
}

/**
 * Requires that an account may be changed: one with a reserved role by an administrator only, who alone gives and takes
 * such a role.
 *
 * @param target the account that is changed; none if it is new
 * @param roles its roles afterwards, if they change
 * @throws Problem ROLE_PROTECTED
 */
export function requireMayChange(by: Authority, target: { roles: readonly string[] }, roles: readonly string[] = []) {
  if (by.admin) return
  if (hasReserved(target.roles)) throw new Problem('ROLE_PROTECTED')
  const errors = [{ path: '/roles', message: 'has a reserved role', rule: 'reserved' }]
  if (hasReserved(roles)) throw new Problem('ROLE_PROTECTED', { errors })
}

/** Whether an account has a reserved role. */
export async function isOperator(database: Database, id: string): Promise<boolean> {
  const [account] = await database.query<{ roles: string[] }>(sql`SELECT roles FROM users WHERE id = ${id}`)
  return account !== undefined && hasReserved(account.roles)
}

/** An enabled account with the role `admin`. A partial index serves it. */
const IS_ADMIN = sql`('admin' = ANY (roles) AND disabled_at IS NULL)`

/** Whether there is an enabled administrator, who may still have to accept an invitation. */
export async function hasAdmin(database: Database): Promise<boolean> {
  return (await database.query(sql`SELECT FROM users WHERE ${IS_ADMIN} LIMIT 1`)).length > 0
}

/**
 * Requires that an enabled administrator is left without this account. Call it before the account is deleted, disabled
 * or loses the role, and before it is locked, as `isLastAdmin`.
 *
 * @throws Problem LAST_ADMIN
 */
export async function requireOtherAdmin(transaction: Database, id: string): Promise<void> {
  if (await isLastAdmin(transaction, id)) throw new Problem('LAST_ADMIN')
}

/**
 * Whether an account is the only enabled administrator, until the transaction ends: if it is an administrator, all of
 * them are locked, in the order of their ids. Two who remove each other at once wait for each other here, and the second
 * one is the last.
 */
export async function isLastAdmin(transaction: Database, id: string): Promise<boolean> {
  // Without a lock, the account may become an administrator between the statement's snapshot and its turn. It is locked
  // by the first round, so that the second one sees what it is.
  for (let round = 1; round <= 2; round += 1) {
    const admins = (await lockAdmins(transaction, id)).filter(({ isAdmin }) => isAdmin)
    if (!admins.some(({ isTarget }) => isTarget) || admins.length > 1) return false
  }
  return true
}

/**
 * Locks an account and, if it is an administrator, all others. Returns them as they are under the lock. The database
 * compares the ids: the one that was given may be in upper case.
 */
function lockAdmins(transaction: Database, id: string) {
  return transaction.query<{ isTarget: boolean; isAdmin: boolean }>(
    sql`SELECT id = ${id} AS "isTarget", ${IS_ADMIN} AS "isAdmin" FROM users
     WHERE id IN (
       SELECT id FROM users WHERE id = ${id}
       UNION
       SELECT id FROM users
       WHERE ${IS_ADMIN} AND EXISTS (SELECT FROM users WHERE id = ${id} AND ${IS_ADMIN})
     )
     ORDER BY id
     FOR NO KEY UPDATE`
  )
}

/** The roles of an account before and after a change. */
export interface RolesChange {
  before: string[]
  after: string[]
}

/**
 * Replaces the roles of an account.
 *
 * @param force whether the last administrator may lose the role
 * @returns undefined if there is no such account
 * @throws Problem LAST_ADMIN
 */
export async function setRoles(
  transaction: Database,
  id: string,
  roles: readonly string[],
  { force = false }: { force?: boolean } = {}
): Promise<RolesChange | undefined> {
  if (!force && !roles.includes('admin')) await requireOtherAdmin(transaction, id)
  const [row] = await transaction.query<RolesChange>(
    sql`UPDATE users SET roles = ${sortRoles(roles)}
     FROM (SELECT id, roles FROM users WHERE id = ${id} FOR NO KEY UPDATE) AS previous
     WHERE users.id = previous.id
     RETURNING previous.roles AS before, users.roles AS after`
  )
  return row
}
