import { validateMetadata } from '../../admin/metadata.ts'
import { requireMayChange, sortRoles } from '../../admin/roles.ts'
import type { Operator } from '../../admin/scopes.ts'
import type { Act, Done } from '../../admin/targets.ts'
import type { Database } from '../../database/database.ts'
import { sql } from '../../database/sql.ts'
import { Problem } from '../../errors.ts'
import { enqueueMail, type NewMail } from '../../mail/mails.ts'
import type { UserCreation } from '../../schemas/admin/users.ts'
import { addUser, nameTaken } from '../../users/users.ts'
import { isAddressReserved } from '../email-change.ts'
import type { OperatorContext } from './account-acts.ts'
import { mailTo } from './mail-sending.ts'

/** The version of the password of a new account: the default of its column. */
const NEW_PASSWORD_VERSION = 1

/** A new account. */
export interface CreatedUser extends Omit<UserCreation, 'password'> {
  /** Null without a password. */
  passwordHash: string | null
  /** Whether the username is reserved, and so reported as taken. */
  isReserved: boolean
}

/**
 * Refuses an account for what needs neither its password nor the database.
 *
 * @throws Problem ROLE_PROTECTED, VALIDATION_FAILED
 */
export function requireCreatable(
  { isAdmin }: Operator,
  { roles, metadata = {}, email, email_verified }: Pick<UserCreation, 'roles' | 'metadata' | 'email' | 'email_verified'>
): void {
  requireMayChange({ admin: isAdmin }, { roles: [] }, roles)
  validateMetadata(metadata)
  requireAddress({ email: email ?? null, email_verified })
}

/**
 * Requires what an invitation needs.
 *
 * @throws Problem VALIDATION_FAILED
 */
export function requireInvitable({ email, password }: { email?: string | undefined; password?: string | undefined }) {
  const [path, message] =
    email === undefined
      ? ['/email', 'is required for an invitation']
      : ['/password', 'must not be sent with an invitation']
  if (email !== undefined && password === undefined) return
  throw new Problem('VALIDATION_FAILED', { errors: [{ path, message }] })
}

/**
 * Requires an address where one is to be verified.
 *
 * @throws Problem VALIDATION_FAILED
 */
export function requireAddress({
  email,
  email_verified
}: {
  email: string | null
  email_verified?: boolean | undefined
}) {
  if (email !== null || email_verified !== true) return
  const errors = [{ path: '/email_verified', message: 'the account has no email address' }]
  throw new Problem('VALIDATION_FAILED', { errors })
}

/**
 * Creates an account, and enqueues its invitation.
 *
 * @param count counts the invitation in the same transaction
 * @returns its id
 * @throws Problem ROLE_PROTECTED, ACCOUNT_EXISTS, VALIDATION_FAILED, TOO_MANY_REQUESTS
 */
export async function createUser(
  transaction: Database,
  { operator }: Pick<OperatorContext, 'operator'>,
  created: CreatedUser,
  count: (transaction: Database, mail: NewMail) => Promise<void>
): Promise<Done<string>> {
  requireCreatable(operator, created)
  const { roles = [], metadata = {}, email_verified: emailVerified = false, invite = false, ...account } = created
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
    const mail = mailTo({ id, email, password_version: NEW_PASSWORD_VERSION }, 'invitation')
    await count(transaction, mail)
    await enqueueMail(transaction, mail)
    acts.push({ action: 'user invited', account: id })
  }
  return { result: id, acts }
}
