import { resetFactors } from '../../admin/account-factors.ts'
import { deleteLocked, endAccountSessions, setPassword, unlockAccount } from '../../admin/accounts.ts'
import type { Operator } from '../../admin/scopes.ts'
import { type Done, lockTarget } from '../../admin/targets.ts'
import type { Database } from '../../database/database.ts'
import { Problem } from '../../errors.ts'
import { enqueueMail } from '../../mail/mails.ts'
import type { Lifetimes } from '../../sessions/lifetimes.ts'
import { endSessionOfUser } from '../../sessions/user-sessions.ts'

/** What the acts of operators need of the service. */
export interface OperatorContext {
  operator: Operator
  lifetimes: Lifetimes
  /** Key of the limit counters. */
  secret: Buffer
  /** Whether the service sends mail. */
  mail: boolean
}

/** Sets the password of an account, resets its counters of wrong ones, and notifies its verified address. */
export async function setPasswordOf(
  transaction: Database,
  { operator, lifetimes, secret, mail }: OperatorContext,
  id: string,
  given: { hash: string; keepSessions: boolean }
): Promise<Done> {
  const target = await lockTarget(transaction, operator, id)
  const { ended } = await setPassword(transaction, lifetimes, secret, id, given)
  if (mail && target.email !== null && target.email_verified) {
    await enqueueMail(transaction, { kind: 'password changed', recipient: target.email, userId: id })
  }
  return { result: undefined, acts: [{ action: 'password set', account: id, detail: { count: ended } }] }
}

/** Removes all second factors of an account, passkeys and recovery codes included, and ends its sessions. */
export async function removeFactorsOf(
  transaction: Database,
  { operator, lifetimes, secret, mail }: OperatorContext,
  id: string
): Promise<Done> {
  await lockTarget(transaction, operator, id)
  const { ended } = await resetFactors(transaction, lifetimes, secret, id, { passkeys: true, mail })
  return { result: undefined, acts: [{ action: 'factors removed', account: id, detail: { count: ended } }] }
}

/** Resets the counters of wrong passwords and codes of an account. */
export async function unlockUser(
  transaction: Database,
  { operator, secret }: OperatorContext,
  id: string
): Promise<Done> {
  await lockTarget(transaction, operator, id)
  await unlockAccount(transaction, secret, id)
  return { result: undefined, acts: [{ action: 'user unlocked', account: id }] }
}

/**
 * Deletes an account with all its data.
 *
 * @throws Problem LAST_ADMIN if there is no other enabled administrator
 */
export async function deleteUserBy(
  transaction: Database,
  { operator, lifetimes }: OperatorContext,
  id: string
): Promise<Done> {
  await lockTarget(transaction, operator, id, { mayEndAdmin: true, deleting: true })
  const ended = await deleteLocked(transaction, lifetimes, id)
  return { result: undefined, acts: [{ action: 'user deleted', account: id, detail: { count: ended } }] }
}

/** Ends all sessions of an account. */
export async function endSessionsOf(
  transaction: Database,
  { operator, lifetimes }: OperatorContext,
  id: string
): Promise<Done> {
  await lockTarget(transaction, operator, id)
  const { ended } = await endAccountSessions(transaction, lifetimes, id)
  return { result: undefined, acts: [{ action: 'sessions ended', account: id, detail: { count: ended } }] }
}

/**
 * Ends one session of an account.
 *
 * @throws Problem NOT_FOUND if the account has no such active session
 */
export async function endSessionOf(
  transaction: Database,
  { operator, lifetimes }: OperatorContext,
  id: string,
  session: string
): Promise<Done> {
  await lockTarget(transaction, operator, id)
  if (!(await endSessionOfUser(transaction, lifetimes, { sub: id, sid: session }, 'ended by an operator'))) {
    throw new Problem('NOT_FOUND')
  }
  return { result: undefined, acts: [{ action: 'session ended', account: id, session }] }
}
