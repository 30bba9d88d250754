import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'
import { PASSWORD_HASH } from '../users/credentials.ts'

/**
 * Requires that an account can sign in: with a password, with a usable passkey, with a provider, or by an address to which a link to
 * choose a password can be sent. Called after a credential was removed, in the transaction that removed it and has locked
 * the account.
 *
 * @param rpId the RP ID of the service; undefined if it has no passkeys
 * @throws Problem LAST_CREDENTIAL
 */
export async function requireCredential(transaction: Database, user: string, rpId?: string): Promise<void> {
  const able = await transaction.query(
    sql`SELECT FROM users
     WHERE id = ${user} AND (
       ${PASSWORD_HASH} IS NOT NULL OR (email IS NOT NULL AND email_verified)
       OR EXISTS (SELECT FROM identities WHERE user_id = users.id)
       OR EXISTS (SELECT FROM passkeys WHERE user_id = users.id AND rp_id = ${rpId ?? null})
     )`
  )
  if (able.length === 0) throw new Problem('LAST_CREDENTIAL')
}
