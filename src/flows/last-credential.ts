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
  if (!(await hasCredential(transaction, user, rpId))) throw new Problem('LAST_CREDENTIAL')
}

/** Whether an account can sign in, as above. */
export async function hasCredential(database: Database, user: string, rpId?: string): Promise<boolean> {
  const able = await database.query(
    sql`SELECT FROM users
     WHERE id = ${user} AND (
       ${PASSWORD_HASH} IS NOT NULL OR (email IS NOT NULL AND email_verified)
       OR EXISTS (SELECT FROM identities WHERE user_id = users.id)
       OR EXISTS (SELECT FROM passkeys WHERE user_id = users.id AND rp_id = ${rpId ?? null})
     )`
  )
  return able.length > 0
}
