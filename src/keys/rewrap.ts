import type { Database } from '../database/database.ts'
import { rewrapRootSecret } from '../secrets/root-secret.ts'
import type { Secrets } from '../secrets/sealing.ts'
import { rewrapKeys } from './signing-keys.ts'

/**
 * Seals everything that is sealed in the database anew with the present secret, all of it or nothing: then nobody needs
 * the previous one any more.
 *
 * @returns how many private keys there are, beside the root secret
 * @throws KeyMismatch or RootSecretMismatch when neither secret opens one of them
 */
export function rewrap(database: Database, secrets: Secrets): Promise<number> {
  return database.transact(async (transaction) => {
    const keys = await rewrapKeys(transaction, secrets)
    await rewrapRootSecret(transaction, secrets)
    return keys
  })
}
