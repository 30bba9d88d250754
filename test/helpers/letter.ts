import { type Test, test } from 'tap'
import { createDatabase, type Database } from '../../src/database/database.ts'
import type { Content, Letter } from '../../src/mail/letters/letter.ts'
import { addUser } from '../../src/users/users.ts'
import { migratedPool } from './pool.ts'

/**
 * Accounts: ada has an unverified address, grace a verified one and a language, eve has no username,
 * and nobody has accepted the invitation of the last one.
 */
export interface Accounts {
  ada: string
  grace: string
  eve: string
  invited: string
}

type Case = [
  what: string,
  mail: { recipient: string; user_id?: string; data?: Record<string, string> },
  content: Content | undefined
]

/** Tests what a letter says, as a table. */
export function testLetter(letter: Letter, cases: (accounts: Accounts) => Case[]): void {
  test(letter.kind, async (t) => {
    const database = createDatabase(await migratedPool(t), { timeout: 60_000 })
    for (const [what, mail, content] of cases(await addAccounts(database))) {
      await t.test(what, async (t: Test) => {
        t.strictSame(await letter.compose({ user_id: null, data: {}, ...mail }, database), content)
      })
    }
  })
}

/** An id that no account has. */
export const NOBODY = '00000000-0000-7000-8000-000000000000'

async function addAccounts(database: Database): Promise<Accounts> {
  const passwordHash = 'none'
  const ada = await addUser(database, { username: 'ada', email: 'Ada@example.com', passwordHash })
  const verified = { email: 'grace@example.com', emailVerified: true, locale: 'de' }
  const grace = await addUser(database, { username: 'grace', ...verified, passwordHash })
  const eve = await addUser(database, { email: 'eve@example.com', emailVerified: true, passwordHash })
  const invited = await addUser(database, { email: 'invited@example.com', passwordHash: null })
  return { ada: ada.id, grace: grace.id, eve: eve.id, invited: invited.id }
}
