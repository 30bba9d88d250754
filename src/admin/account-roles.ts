import type { Database } from '../database/database.ts'
import { MAX_ROLES } from '../schemas/fields.ts'
import { type Account, findAccountRow, toAccount } from './accounts.ts'
import { requireOtherAdmin, setRoles } from './roles.ts'

/** A change of roles by an operator. */
interface RoleDifference {
  add: readonly string[]
  remove: readonly string[]
  /** Whether the last administrator may lose the role. */
  force?: boolean
}

/**
 * Gives roles to an account, and takes others. Idempotent.
 *
 * @throws Problem LAST_ADMIN; Error if there is no such account, or it would have too many roles
 */
export async function changeRoles(
  database: Database,
  user: string,
  { add, remove, force = false }: RoleDifference
): Promise<{ account: Account; before: string[] }> {
  return database.transact(async (transaction) => {
    const { id } = await findAccountRow(transaction, user)
    if (!force && remove.includes('admin')) await requireOtherAdmin(transaction, id)
    const row = await findAccountRow(transaction, id, 'FOR NO KEY UPDATE')
    const roles = [...row.roles.filter((role) => !remove.includes(role)), ...add]
    const changed = await setRoles(transaction, id, roles, { force: true })
    const { before, after } = changed as NonNullable<typeof changed>
    if (after.length > MAX_ROLES) throw new Error(`An account has at most ${MAX_ROLES} roles.`)
    return { account: toAccount({ ...row, roles: after }), before }
  })
}
