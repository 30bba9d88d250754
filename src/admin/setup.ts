import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { User } from '../schemas/users.ts'
import { equalSecrets } from '../secrets/equal.ts'
import { addUser, type NewUser } from '../users/users.ts'
import { hasAdmin } from './roles.ts'

/** How long the link works, in milliseconds. */
const LIFETIME = 30 * 60_000

/** The link by which the first administrator is created, once. */
export interface Setup {
  url: string
  /**
   * Does the work that the token of the link is for. If the work fails, the token can be used again.
   *
   * @throws Problem TOKEN_INVALID if the token is wrong, was used, or has expired
   */
  use<Result>(token: string, work: () => Promise<Result>): Promise<Result>
}

/** @param publicUrl the URL of the service */
export function createSetup(clock: Clock, publicUrl: string): Setup {
  const expected = randomBytes(32).toString('base64url')
  const until = clock.now() + LIFETIME
  let used = false
  return {
    url: `${publicUrl}/console#setup=${expected}`,
    async use(token, work) {
      if (!equalSecrets(token, expected) || used || clock.now() >= until) throw new Problem('TOKEN_INVALID')
      used = true
      try {
        return await work()
      } catch (error) {
        used = false
        throw error
      }
    }
  }
}

/**
 * Adds the first administrator.
 *
 * @param record writes the audit log, in the same transaction
 * @throws Problem TOKEN_INVALID if there is an administrator; ACCOUNT_EXISTS if a name is taken
 */
export async function addFirstAdmin(
  database: Database,
  user: Omit<NewUser, 'roles'>,
  record: (transaction: Database, id: string) => Promise<() => void>
): Promise<User> {
  const { added, committed } = await database.transact(async (transaction) => {
    if (await hasAdmin(transaction)) throw new Problem('TOKEN_INVALID')
    const added = await addUser(transaction, { ...user, roles: ['admin'] })
    return { added, committed: await record(transaction, added.id) }
  })
  committed()
  return added
}
