import type { Database } from '../database/database.ts'
import { rewrapRootSecret } from '../secrets/root-secret.ts'
import type { Secrets } from '../secrets/sealing.ts'
import { rewrapKeys } from './signing-keys.ts'

/**
 * Reseals the private keys and the root secret with SECRET_KEY, in one transaction. SECRET_KEY_PREVIOUS is not needed
 * afterwards.
 *
 * @returns the number of private keys
 * @throws KeyMismatch or RootSecretMismatch if neither secret opens one of them
 */
export function rewrap(database: Database, secrets: Secrets): Promise<number> {
  return database.transact(async (transaction) => {
    const keys = await rewrapKeys(transaction, secrets)
    await rewrapRootSecret(transaction, secrets)
    return keys
  })
}
