import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'

/**
 * The life of a key: `published` before it signs, `signing`, `verifying` while tokens that it signed may be valid, then
 * `expired`. `revoked` replaces any of these, immediately and permanently.
 */
export type KeyState = 'published' | 'signing' | 'verifying' | 'expired' | 'revoked'

/** A stored key as shown to an operator. */
export interface ListedKey {
  kid: string
  state: KeyState
  createdAt: Date
  signsFrom: Date
  /** Null if no other key is to sign after it. */
  verifiesUntil: Date | null
}

/** How long an instance may take to notice a change of the keys, in seconds. */
export const REFRESH_DELAY = 60

/** A long interval that PostgreSQL can still add to a timestamp, in seconds. */
const MAX_INTERVAL = 1e10

/**
 * The stored keys with their present state. A key signs until the next one begins to, even if that one was revoked
 * later. A key that was revoked before it signed has replaced none.
 *
 * @param tokenTtl lifetime of an access token, in seconds
 */
export const storedKeys = (tokenTtl: number) => sql`(
  SELECT *,
    CASE
      WHEN revoked_at IS NOT NULL THEN 'revoked'
      WHEN sign_from > moment THEN 'published'
      WHEN signs_until IS NULL OR signs_until > moment THEN 'signing'
      WHEN signs_until + lifetime > moment THEN 'verifying'
      ELSE 'expired'
    END AS state,
    coalesce(revoked_at, signs_until + lifetime) AS verifies_until
  FROM (
    SELECT *,
      min(sign_from) FILTER (WHERE revoked_at IS NULL OR revoked_at > sign_from)
        OVER (ORDER BY sign_from, kid ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS signs_until
    FROM signing_keys,
      (SELECT ${NOW} AS moment, make_interval(secs => ${verifyingFor(tokenTtl)}) AS lifetime) AS clock
  ) AS succession
) AS keys`

/** An instance that has not noticed a rotation yet signs with the previous key for up to REFRESH_DELAY. */
const verifyingFor = (tokenTtl: number) => Math.min(tokenTtl + REFRESH_DELAY, MAX_INTERVAL)

/** Lists all keys, expired and revoked ones too, in the order in which they sign. */
export function listKeys(database: Database, tokenTtl: number): Promise<ListedKey[]> {
  return database.query<ListedKey>(
    sql`SELECT kid, state, created_at AS "createdAt", sign_from AS "signsFrom", verifies_until AS "verifiesUntil"
     FROM ${storedKeys(tokenTtl)}
     ORDER BY sign_from, kid`
  )
}
