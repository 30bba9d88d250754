import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'

/**
 * What a key is good for: `published` before it signs, `signing`, `verifying` while tokens that it signed may live,
 * `over` after that; and `revoked`, at once and for good.
 */
export type KeyState = 'published' | 'signing' | 'verifying' | 'expired' | 'revoked'

/** A stored key as the operator sees it. */
export interface ListedKey {
  kid: string
  state: KeyState
  createdAt: Date
  signsFrom: Date
  /** None while no other key is there to sign after it. */
  verifiesUntil: Date | null
}

/** How long an instance may take to notice a change of the ring, in seconds. */
export const REFRESH_DELAY = 60

/** Longer than anybody waits, in seconds, and short enough for PostgreSQL to add it to a time. */
const MAX_INTERVAL = 1e10

/**
 * The stored keys and what each is good for at the moment. A key signs until the next one does, whatever became of that
 * one; a key that was revoked before its time has signed nothing, and so follows on none.
 *
 * @param tokenTtl how long a token lives, in seconds
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
      (SELECT ${NOW} AS moment, make_interval(secs => ${usedFor(tokenTtl)}) AS lifetime) AS clock
  ) AS succession
) AS keys`

/** A retired key goes on signing for a little where an instance has not read the ring yet. */
const usedFor = (tokenTtl: number) => Math.min(tokenTtl + REFRESH_DELAY, MAX_INTERVAL)

/** All keys there ever were, in the order in which they sign. */
export function listKeys(database: Database, tokenTtl: number): Promise<ListedKey[]> {
  return database.query<ListedKey>(
    sql`SELECT kid, state, created_at AS "createdAt", sign_from AS "signsFrom", verifies_until AS "verifiesUntil"
     FROM ${storedKeys(tokenTtl)}
     ORDER BY sign_from, kid`
  )
}
