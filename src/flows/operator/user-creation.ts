import { validateMetadata } from '../../admin/metadata.ts'
import { requireMayChange, sortRoles } from '../../admin/roles.ts'
import type { Act, Done } from '../../admin/targets.ts'
import type { Database } from '../../database/database.ts'
import { sql } from '../../database/sql.ts'
import { enqueueMail } from '../../mail/mails.ts'
import type { UserCreation } from '../../schemas/admin/users.ts'
import { addUser, nameTaken } from '../../users/users.ts'
import { isAddressReserved } from '../email-change.ts'
import type { OperatorContext } from './account-acts.ts'

/** A new account. */
export interface CreatedUser extends Omit<UserCreation, 'password'> {
  /** Null without a password. */
  passwordHash: string | null
  /** Whether the username is reserved, and so reported as taken. */
  isReserved: boolean
}

/**
 * Creates an account, and enqueues its invitation.
 *
 * @returns its id
 * @throws Problem ROLE_PROTECTED, ACCOUNT_EXISTS, VALIDATION_FAILED
 */
export async function createUser(
  transaction: Database,
  { operator }: Pick<OperatorContext, 'operator'>,
  { roles = [], metadata = {}, email_verified: emailVerified = false, invite = false, ...account }: CreatedUser
): Promise<Done<string>> {
  requireMayChange({ admin: operator.isAdmin }, { roles: [] }, roles)
  validateMetadata(metadata)
  const { email } = account
  const sorted = sortRoles(roles)
  const { id } = await addUser(transaction, { ...account, emailVerified, roles: sorted })
  // Only after the insert, which waits for a concurrent transaction that gives up the address.
  if (email !== undefined && (await isAddressReserved(transaction, email))) throw nameTaken('/email')
  await transaction.query(sql`UPDATE users SET metadata = ${JSON.stringify(metadata)}::jsonb WHERE id = ${id}`)
  const acts: Act[] = [
    { action: 'user created', account: id, ...(sorted.length > 0 && { detail: { roles_before: [], roles: sorted } }) }
  ]
  if (invite && email !== undefined) {
    await enqueueMail(transaction, { kind: 'invitation', recipient: email, userId: id })
    acts.push({ action: 'user invited', account: id })
  }
  return { result: id, acts }
}
