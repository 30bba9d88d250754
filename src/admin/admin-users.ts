import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import { readFactors, toMfa } from '../factors/state.ts'
import { readGuesses } from '../limits/guesses.ts'
import type { AdminUser } from '../schemas/admin/users.ts'
import type { Metadata } from '../schemas/fields.ts'
import { LISTED_USER, type ListedUserRow, toListedUser } from './listed-users.ts'

/**
 * Reads an account as operators see it.
 *
 * @param secret key of the limit counters
 * @returns undefined if there is none
 */
export async function findAdminUser(database: Database, secret: Buffer, id: string): Promise<AdminUser | undefined> {
  const [found] = await database.query<ListedUserRow & { metadata: Metadata }>(
    sql`SELECT ${LISTED_USER}, metadata FROM users WHERE id = ${id}`
  )
  const factors = await readFactors(database, id)
  if (!found || !factors) return undefined
  const { metadata, ...row } = found
  const guesses = await readGuesses(database, secret, row)
  return {
    ...toListedUser(row),
    metadata,
    factors: toMfa(factors),
    limits: guesses.map(({ name, wrong, blockedFor }) => ({ name, wrong_passwords: wrong, blocked_for: blockedFor }))
  }
}
