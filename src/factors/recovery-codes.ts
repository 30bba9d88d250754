import { createHmac, randomBytes } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import { foldName } from '../users/names.ts'

/** The number of codes in a set. An account has one set. */
export const RECOVERY_CODES = 10

/** Crockford's base32: without i, l, o and u. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const LENGTH = 10

/** Creates a code: ten characters of five random bits each, in two groups. */
function createRecoveryCode(): string {
  const text = [...randomBytes(LENGTH)].map((byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('')
  return `${text.slice(0, LENGTH / 2)}-${text.slice(LENGTH / 2)}`
}

/**
 * Normalizes a typed code: to lower case, without spaces and hyphens, with 0 for o and 1 for i and l (Crockford's
 * base32).
 *
 * @returns undefined if the text cannot be a code
 */
export function foldRecoveryCode(text: string): string | undefined {
  const folded = foldName(text).replaceAll(/[\s-]/g, '').replaceAll('o', '0').replaceAll(/[il]/g, '1')
  return /^[0-9a-hjkmnp-tv-z]{10}$/.test(folded) ? folded : undefined
}

/**
 * The stored form of a code. A keyed HMAC is enough, since codes are random and attempts are limited. It includes the
 * account: two accounts may have the same code.
 */
const hashOf = (key: Buffer, user: string, folded: string) =>
  createHmac('sha256', key).update(`${user} ${folded}`).digest()

/**
 * Replaces the recovery codes of an account. Only their hashes are stored. The caller has locked the account.
 *
 * @param key derived for recovery codes
 * @returns the new codes
 */
export async function makeRecoveryCodes(transaction: Database, key: Buffer, user: string): Promise<string[]> {
  const codes = new Set<string>()
  while (codes.size < RECOVERY_CODES) codes.add(createRecoveryCode())
  const hashes = [...codes].map((code) => hashOf(key, user, foldRecoveryCode(code) as string))
  await transaction.query(
    sql`WITH void AS (DELETE FROM recovery_codes WHERE user_id = ${user})
     INSERT INTO recovery_codes (hash, user_id, made_at)
     SELECT hash, ${user}::uuid, ${NOW} FROM unnest(${hashes}::bytea[]) AS made (hash)`
  )
  return [...codes]
}

/** Whether a code is one of the account's, and not used. */
export async function hasRecoveryCode(database: Database, key: Buffer, user: string, code: string): Promise<boolean> {
  const folded = foldRecoveryCode(code)
  if (folded === undefined) return false
  const found = await database.query(
    sql`SELECT FROM recovery_codes WHERE hash = ${hashOf(key, user, folded)} AND user_id = ${user} AND used_at IS NULL`
  )
  return found.length > 0
}

/**
 * Marks a code as used, in the transaction of its purpose. Of concurrent uses, one succeeds.
 *
 * @param key derived for recovery codes
 * @param code as typed
 * @returns the number of unused codes left; undefined if the code is wrong or was used
 */
export async function useRecoveryCode(
  transaction: Database,
  key: Buffer,
  user: string,
  code: string
): Promise<{ left: number } | undefined> {
  const folded = foldRecoveryCode(code)
  if (folded === undefined) return undefined
  const hash = hashOf(key, user, folded)
  const [used] = await transaction.query<{ left: number }>(
    sql`UPDATE recovery_codes SET used_at = ${NOW}
     WHERE hash = ${hash} AND user_id = ${user} AND used_at IS NULL
     RETURNING (
       SELECT count(*)::int FROM recovery_codes WHERE user_id = ${user} AND used_at IS NULL AND hash <> ${hash}
     ) AS left`
  )
  return used
}

/** Deletes all codes of an account. */
export async function deleteRecoveryCodes(transaction: Database, user: string): Promise<void> {
  await transaction.query(sql`DELETE FROM recovery_codes WHERE user_id = ${user}`)
}

/** A recovery code in the export of an account. */
export interface RecoveryCodeRecord {
  made_at: Date
  used_at: Date | null
}

/** Lists when the codes of an account were made and used, in the order of their use. The codes are not stored. */
export async function listRecoveryCodes(database: Database, user: string): Promise<RecoveryCodeRecord[]> {
  return database.query<RecoveryCodeRecord & Record<string, unknown>>(
    sql`SELECT made_at, used_at FROM recovery_codes WHERE user_id = ${user} ORDER BY used_at, hash`
  )
}
