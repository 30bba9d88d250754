import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import type { Secrets } from '../secrets/sealing.ts'
import { type KeyState, type ListedKey, listKeys } from './key-states.ts'
import { addKey, lockKeys, PUBLISH_LEAD } from './signing-keys.ts'

/** The settings that keys depend on. */
export interface KeyRules {
  secrets: Secrets
  /** Lifetime of an access token, in seconds. */
  tokenTtl: number
}

/** The outcome of a revocation. */
export interface Revocation {
  /** The state before. */
  was: Exclude<KeyState, 'revoked'>
  /** `kid` of the new key that signs in its place; undefined if another key signs anyway. */
  replacement: string | undefined
}

/**
 * Adds the next signing key.
 *
 * @param lead seconds until it signs
 * @throws Error if a key is already waiting to sign
 */
export function rotateKey(database: Database, rules: KeyRules, lead = PUBLISH_LEAD): Promise<ListedKey> {
  const { secrets, tokenTtl } = rules
  return database.transact(async (transaction) => {
    await lockKeys(transaction)
    const waiting = (await listKeys(transaction, tokenTtl)).find(({ state }) => state === 'published')
    if (waiting) {
      throw new Error(
        `key ${waiting.kid} is already the next to sign, from ${waiting.signsFrom.toISOString()} on: wait for it, or revoke it`
      )
    }
    return find(transaction, rules, await addKey(transaction, secrets, lead))
  })
}

/**
 * Adds the next signing key if the newest has been signing for longer than `maxAge`. Of concurrent instances, one does.
 *
 * @param maxAge in seconds
 * @returns its `kid`; undefined if no rotation was due
 */
export function rotateAgedKey(database: Database, { secrets }: KeyRules, maxAge: number): Promise<string | undefined> {
  return database.transact(async (transaction) => {
    await lockKeys(transaction)
    const [aged] = await transaction.query(
      sql`SELECT max(sign_from) FROM signing_keys WHERE revoked_at IS NULL
       HAVING extract(epoch FROM ${NOW} - max(sign_from)) > ${maxAge}`
    )
    return aged && addKey(transaction, secrets)
  })
}

/**
 * Revokes a key permanently, and erases its private half. If it is the signing key, a new key signs immediately; a key
 * that waits to sign keeps its time.
 *
 * @param dryRun only returns the state
 * @throws Error if there is no such key, or it is already revoked
 */
export function revokeKey(database: Database, rules: KeyRules, kid: string, dryRun = false): Promise<Revocation> {
  const { secrets } = rules
  return database.transact(async (transaction) => {
    await lockKeys(transaction)
    const { state: was, verifiesUntil } = await find(transaction, rules, kid)
    if (was === 'revoked') throw new Error(`key ${kid} has been revoked since ${verifiesUntil?.toISOString()}`)
    if (dryRun) return { was, replacement: undefined }
    await transaction.query(sql`UPDATE signing_keys SET private_key = NULL, revoked_at = ${NOW} WHERE kid = ${kid}`)
    return { was, replacement: was === 'signing' ? await addKey(transaction, secrets, 0) : undefined }
  })
}

async function find(database: Database, { tokenTtl }: KeyRules, kid: string): Promise<ListedKey> {
  const key = (await listKeys(database, tokenTtl)).find((each) => each.kid === kid)
  if (!key) throw new Error(`there is no key ${kid}: "keys list" shows all keys`)
  return key
}
