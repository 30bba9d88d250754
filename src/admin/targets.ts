import type { Action, Detail } from '../audit/actions.ts'
import type { Database } from '../database/database.ts'
import { type Statement, sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'
import type { Metadata } from '../schemas/fields.ts'
import { PASSWORD_HASH } from '../users/credentials.ts'
import { ACCOUNT, type AccountRow } from './accounts.ts'
import { requireMayChange, requireOtherAdmin } from './roles.ts'
import type { Operator } from './scopes.ts'

/** An account that an operator changes, as it was before. */
export interface Target extends AccountRow {
  roles: string[]
  metadata: Metadata
  has_password: boolean
}

/** Something that an operator did, for the audit log. */
export interface Act {
  action: Action
  account?: string
  session?: string
  detail?: Omit<Detail, 'by'>
}

/** The result of a change by an operator, and its records, which are stored in the same transaction. */
export interface Done<Result = void> {
  result: Result
  acts: Act[]
}

/** The effects of a change that decide how the account is locked. */
interface Intent {
  /** Whether an enabled administrator would no longer be one. The account need not be an administrator. */
  mayEndAdmin?: boolean
  deleting?: boolean
}

/**
 * Finds an account that an operator is to change, and locks it.
 *
 * @throws Problem NOT_FOUND, ROLE_PROTECTED; LAST_ADMIN if there is no other enabled administrator
 */
export async function lockTarget(
  transaction: Database,
  operator: Operator,
  id: string,
  { mayEndAdmin = false, deleting = false }: Intent = {}
): Promise<Target> {
  const find = async (lock?: Statement) => {
    const target = await findTarget(transaction, id, lock)
    if (!target) throw new Problem('NOT_FOUND')
    requireMayChange({ admin: operator.isAdmin }, target)
    return target
  }
  // ROLE_PROTECTED takes precedence over LAST_ADMIN. The role may change until the lock.
  if (mayEndAdmin) {
    await find()
    await requireOtherAdmin(transaction, id)
  }
  return find(deleting ? sql`FOR UPDATE` : sql`FOR NO KEY UPDATE`)
}

async function findTarget(database: Database, id: string, lock: Statement = sql``): Promise<Target | undefined> {
  const [target] = await database.query<Target>(
    sql`SELECT ${ACCOUNT}, roles, metadata, ${PASSWORD_HASH} IS NOT NULL AS has_password
     FROM users WHERE id = ${id} ${lock}`
  )
  return target
}
