import { type Account, displayName, findAccountRow, toAccount } from '../admin/accounts.ts'
import type { Database } from '../database/database.ts'
import { voidLoginSteps } from '../factors/login-steps.ts'
import { deleteIdentitiesAt } from '../providers/identities.ts'
import { hasCredential } from './last-credential.ts'

/** What an operator has removed. */
export interface Unlinked {
  account: Account
  /** The number of removed identities. */
  removed: number
  /** Whether the account can still sign in. */
  canSignIn: boolean
}

/**
 * Removes the identities at one provider from an account, for an operator: also the last way to sign in, since a thief may
 * have it. It voids sign-ins that wait for a second step, and ends no session.
 *
 * @param provider the id of the provider, which need no longer be configured
 * @param rpId the RP ID of the service; undefined if it has no passkeys
 * @throws Error if there is no such account, or it has none
 */
export async function unlinkProvider(
  database: Database,
  user: string,
  provider: string,
  rpId: string | undefined
): Promise<Unlinked> {
  return database.transact(async (transaction) => {
    const row = await findAccountRow(transaction, user, 'FOR NO KEY UPDATE')
    const removed = await deleteIdentitiesAt(transaction, row.id, provider)
    if (removed === 0) throw new Error(`${displayName(row)} has no identity of a provider with the id ${provider}.`)
    await voidLoginSteps(transaction, row.id)
    return { account: toAccount(row), removed, canSignIn: await hasCredential(transaction, row.id, rpId) }
  })
}
