import type { Done } from '../../admin/targets.ts'
import type { Database } from '../../database/database.ts'
import { Problem } from '../../errors.ts'
import type { ListedKey } from '../../keys/key-states.ts'
import { lockKeys } from '../../keys/signing-keys.ts'
import type { AdminKey } from '../../schemas/admin/keys.ts'

/** The signing keys, and changes of them in a transaction. */
interface Keys {
  list(transaction: Database): Promise<ListedKey[]>
  rotate(lead: number | undefined, transaction: Database): Promise<ListedKey>
  revoke(kid: string, dryRun: false, transaction: Database): Promise<unknown>
}

/** Converts a signing key to that of the API. */
export const toAdminKey = ({ kid, state, createdAt, signsFrom, verifiesUntil }: ListedKey): AdminKey => ({
  kid,
  state,
  created_at: createdAt.toISOString(),
  signs_from: signsFrom.toISOString(),
  verifies_until: verifiesUntil?.toISOString() ?? null
})

/**
 * Adds the signing key that signs next.
 *
 * @param lead seconds until it signs
 * @throws Problem FORBIDDEN if another one waits to sign
 */
export async function rotateKeyBy(transaction: Database, keys: Keys, lead?: number): Promise<Done<AdminKey>> {
  await lockKeys(transaction)
  const waiting = (await keys.list(transaction)).some(({ state }) => state === 'published')
  if (waiting) throw new Problem('FORBIDDEN', { message: 'Another key is already the next to sign.' })
  const key = await keys.rotate(lead, transaction)
  return { result: toAdminKey(key), acts: [{ action: 'key rotated', detail: { kid: key.kid } }] }
}

/**
 * Revokes a signing key, and erases its private half.
 *
 * @throws Problem NOT_FOUND if there is no such key, or it is revoked
 */
export async function revokeKeyBy(transaction: Database, keys: Keys, kid: string): Promise<Done> {
  await lockKeys(transaction)
  const key = (await keys.list(transaction)).find((each) => each.kid === kid)
  if (!key || key.state === 'revoked') throw new Problem('NOT_FOUND')
  await keys.revoke(kid, false, transaction)
  return { result: undefined, acts: [{ action: 'key revoked', detail: { kid } }] }
}
