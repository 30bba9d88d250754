import { disableLocked, enableAccount } from '../../admin/accounts.ts'
import { type Metadata, mergePatch, validateMetadata } from '../../admin/metadata.ts'
import { requireMayChange, setRoles, sortRoles } from '../../admin/roles.ts'
import { type Act, type Done, lockTarget, type Target } from '../../admin/targets.ts'
import type { Database } from '../../database/database.ts'
import { sql } from '../../database/sql.ts'
import { Problem } from '../../errors.ts'
import type { UserPatch } from '../../schemas/admin/users.ts'
import { changeUsername, nameTaken, removeEmail, removeUsername, type UsernameChange } from '../../users/users.ts'
import { setEmail } from '../account-email.ts'
import type { OperatorContext } from './account-acts.ts'
import { requireAddress } from './user-creation.ts'

/** What a change needs in addition. */
export interface ChangeContext extends OperatorContext {
  renaming: UsernameChange
  /** Whether the new username is reserved, and so reported as taken. */
  isReserved: boolean
}

/**
 * Changes an account: all that the patch names, or nothing.
 *
 * @throws Problem NOT_FOUND, ROLE_PROTECTED, LAST_ADMIN, ACCOUNT_EXISTS; VALIDATION_FAILED if the account would have no
 * name, a verified address that it has not, or too much metadata
 */
export async function changeUser(
  transaction: Database,
  context: ChangeContext,
  id: string,
  patch: UserPatch
): Promise<Done> {
  const { operator, lifetimes } = context
  const mayEndAdmin = patch.disabled === true || patch.roles?.includes('admin') === false
  const target = await lockTarget(transaction, operator, id, { mayEndAdmin })
  requireNames(target, patch)
  const acts: Act[] = []

  await changeNames(transaction, context, target, patch)
  if (patch.metadata) await changeMetadata(transaction, target, patch.metadata)
  const changed = (['username', 'email', 'email_verified', 'metadata'] as const).filter((name) => name in patch)
  if (changed.length > 0) acts.push({ action: 'user changed', account: id, detail: { changed } })

  if (patch.roles) {
    requireMayChange({ admin: operator.isAdmin }, target, patch.roles)
    // That there is another administrator is known.
    await setRoles(transaction, id, patch.roles, { force: true })
    const detail = { roles_before: target.roles, roles: sortRoles(patch.roles) }
    acts.push({ action: 'roles changed', account: id, detail })
  }
  if (patch.disabled === true && target.disabled_at === null) {
    const { ended } = await disableLocked(transaction, lifetimes, id)
    acts.push({ action: 'user disabled', account: id, detail: { count: ended } })
  }
  if (patch.disabled === false && target.disabled_at !== null) {
    await enableAccount(transaction, id)
    acts.push({ action: 'user enabled', account: id })
  }
  return { result: undefined, acts }
}

/** @throws Problem VALIDATION_FAILED */
function requireNames(target: Target, patch: UserPatch): void {
  const { username, email } = { ...target, ...patch }
  if (username === null && email === null) {
    const errors = (['username', 'email'] as const)
      .filter((name) => patch[name] === null)
      .map((name) => ({ path: `/${name}`, message: 'is the last name of the account' }))
    throw new Problem('VALIDATION_FAILED', { errors })
  }
  requireAddress({ email, email_verified: patch.email_verified })
}

/** New names come first: the account always has one. */
async function changeNames(
  transaction: Database,
  { renaming, isReserved, mail }: ChangeContext,
  { id, username: before }: Target,
  { username, email, email_verified: verified }: UserPatch
): Promise<void> {
  if (username != null) {
    if (isReserved && before?.toLowerCase() !== username.toLowerCase()) throw nameTaken('/username')
    await changeUsername(transaction, renaming, id, username)
  }
  if (email != null) await setEmail(transaction, id, { email, verified: verified === true, mail, undoLink: mail })
  if (username === null) await removeUsername(transaction, renaming, id)
  if (email === null) await removeEmail(transaction, id)
  else if (verified !== undefined) {
    await transaction.query(sql`UPDATE users SET email_verified = ${verified} WHERE id = ${id} AND email IS NOT NULL`)
  }
}

async function changeMetadata(transaction: Database, { id, metadata }: Target, patch: Metadata): Promise<void> {
  const merged = validateMetadata(mergePatch(metadata, patch) as Metadata)
  await transaction.query(sql`UPDATE users SET metadata = ${JSON.stringify(merged)}::jsonb WHERE id = ${id}`)
}
