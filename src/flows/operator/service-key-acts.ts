import type { Operator } from '../../admin/scopes.ts'
import { createServiceKey, revokeServiceKey, rotateServiceKey } from '../../admin/service-keys.ts'
import type { Done } from '../../admin/targets.ts'
import type { Database } from '../../database/database.ts'
import { Problem } from '../../errors.ts'
import { type NewServiceKey, OVERLAP_SECONDS, type ServiceKeyCreation } from '../../schemas/admin/keys.ts'

/** Makes a service key. @throws Problem ACCOUNT_EXISTS, FORBIDDEN */
export async function makeServiceKey(
  transaction: Database,
  operator: Operator,
  { name, scopes, expires_in: expiresIn }: ServiceKeyCreation
): Promise<Done<NewServiceKey>> {
  const { serviceKey, key } = await createServiceKey(transaction, { name, scopes, expiresIn, createdBy: operator.id })
  return { result: { ...serviceKey, key }, acts: [{ action: 'service key made', detail: { key: serviceKey.id } }] }
}

/** Gives a service key a new secret. @throws Problem NOT_FOUND */
export async function renewServiceKey(
  transaction: Database,
  id: string,
  overlap = OVERLAP_SECONDS
): Promise<Done<NewServiceKey>> {
  const renewed = await rotateServiceKey(transaction, id, overlap)
  if (!renewed) throw new Problem('NOT_FOUND')
  const acts: Done['acts'] = [{ action: 'service key made', detail: { key: id, reason: 'rotated' } }]
  return { result: { ...renewed.serviceKey, key: renewed.key }, acts }
}

/** Revokes a service key. @throws Problem NOT_FOUND */
export async function endServiceKey(transaction: Database, id: string): Promise<Done> {
  if (!(await revokeServiceKey(transaction, id))) throw new Problem('NOT_FOUND')
  return { result: undefined, acts: [{ action: 'service key revoked', detail: { key: id } }] }
}
