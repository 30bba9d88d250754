import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import type { Secrets } from '../secrets/sealing.ts'
import { type KeyState, type ListedKey, listKeys } from './key-states.ts'
import { addKey, lockKeys, PUBLISH_LEAD } from './signing-keys.ts'

/** What keys are made and judged by. */
export interface KeyRules {
  secrets: Secrets
  /** How long a token lives, in seconds. */
  tokenTtl: number
}

/** What became of a key. */
export interface Revocation {
  /** What it was good for before. */
  was: Exclude<KeyState, 'revoked'>
  /** The new key that signs in its place; none where another one signs. */
  replacement: string | undefined
}

/**
 * Adds the key that signs next.
 *
 * @param lead seconds until it signs
 * @throws Error when there is one that waits to sign
 */
export function rotateKey(database: Database, rules: KeyRules, lead = PUBLISH_LEAD): Promise<ListedKey> {
  const { secrets, tokenTtl } = rules
  return database.transact(async (transaction) => {
    await lockKeys(transaction)
    const waiting = (await listKeys(transaction, tokenTtl)).find(({ state }) => state === 'published')
    if (waiting) {
      throw new Error(
        `key ${waiting.kid} waits to sign already, from ${waiting.signsFrom.toISOString()} on: wait for it, or revoke it`
      )
    }
    return find(transaction, rules, await addKey(transaction, secrets, lead))
  })
}

/**
 * Adds the key that signs next where the newest has been signing for too long; of several instances at once, one does.
 *
 * @param maxAge in seconds
 * @returns its kid; none where there was no need, or no longer
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
 * Takes a key out of the ring for good, and erases its private half. Where it is the one that signs, a new key does from
 * now on; one that waits to sign goes on waiting.
 *
 * @param dryRun changes nothing
 * @throws Error when there is no such key, or it is revoked already
 */
export function revokeKey(database: Database, rules: KeyRules, kid: string, dryRun = false): Promise<Revocation> {
  const { secrets } = rules
  return database.transact(async (transaction) => {
    await lockKeys(transaction)
    const { state: was, verifiesUntil } = await find(transaction, rules, kid)
    if (was === 'revoked') throw new Error(`key ${kid} is revoked since ${verifiesUntil?.toISOString()}`)
    if (dryRun) return { was, replacement: undefined }
    await transaction.query(sql`UPDATE signing_keys SET private_key = NULL, revoked_at = ${NOW} WHERE kid = ${kid}`)
    return { was, replacement: was === 'signing' ? await addKey(transaction, secrets, 0) : undefined }
  })
}

async function find(database: Database, { tokenTtl }: KeyRules, kid: string): Promise<ListedKey> {
  const key = (await listKeys(database, tokenTtl)).find((each) => each.kid === kid)
  if (!key) throw new Error(`there is no key ${kid}: keys list names all of them`)
  return key
}
