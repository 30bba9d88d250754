import { test } from 'tap'
import { listAccounts } from '../../../src/admin/account-list.ts'
import { disableAccount, displayName } from '../../../src/admin/accounts.ts'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import type { Names } from '../../../src/schemas/users.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { requireStep } from '../../helpers/enrolled.ts'
import { migratedPool } from '../../helpers/pool.ts'

/** An id after that of any account. */
const LAST = 'ffffa3c2-7f00-7000-8000-000000000000'

test('listed accounts', async (t) => {
  const clock = testClock()
  const database = createDatabase(await migratedPool(t), { clock, timeout: 60_000 })
  const lifetimes = readConfig({})
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE users CASCADE`)
  })
  const add = (names: Names) => addUser(database, { ...names, passwordHash: 'a hash' })

  await t.test('are in the order of their creation, in pages', async (t) => {
    const ids: string[] = []
    for (const username of ['zoe', 'ada', 'ingrid', 'grace', 'hedy']) {
      clock.advance(1)
      ids.push((await add({ username })).id)
    }
    const page = async (limit: number, given: { after?: string } = {}) => {
      const { users, next } = await listAccounts(database, { limit, ...given })
      return [users.map(({ id }) => id), next]
    }
    t.strictSame(await page(2), [ids.slice(0, 2), ids[1]])
    t.strictSame(await page(2, { after: ids[1] as string }), [ids.slice(2, 4), ids[3]])
    t.strictSame(await page(2, { after: ids[3] as string }), [ids.slice(4), null])
    t.strictSame(await page(5), [ids, null], 'also if the last page is full')
    t.strictSame(await page(5, { after: LAST }), [[], null])
  })

  await t.test('can be those without a second step', async (t) => {
    const [ada, grace] = [await add({ username: 'ada' }), await add({ username: 'grace' })]
    await requireStep(database, ada.id)
    const { users } = await listAccounts(database, { limit: 9, withoutSecondStep: true })
    t.match(users, [{ id: grace.id }])
    t.equal(users.length, 1)
  })

  await t.test('have the time at which they were disabled; a filter lists only these', async (t) => {
    const [ada, grace] = [await add({ username: 'ada' }), await add({ email: 'grace@example.com' })]
    t.strictSame(await listAccounts(database, { limit: 9, disabled: true }), { users: [], next: null })
    const { account } = await disableAccount(database, lifetimes, grace.id)
    t.match(account, { ...grace, disabled_at: String })
    t.strictSame(await listAccounts(database, { limit: 9 }), {
      users: [{ ...ada, disabled_at: null, last_login_at: null, roles: [] }, account],
      next: null
    })
    t.strictSame(await listAccounts(database, { limit: 9, disabled: true }), { users: [account], next: null })
  })

  await t.test('are searched by the beginning of either name', async (t) => {
    for (const names of [
      { username: 'Ada', email: 'lovelace@example.com' },
      { username: 'adam' },
      { email: 'ADA@example.com' },
      { username: 'grace', email: 'g_r@example.com' },
      { username: 'z_a' }
    ])
      await add(names)
    const search = async (text: string, given = {}) =>
      (await listAccounts(database, { limit: 9, search: text, ...given })).users.map(displayName).sort()
    const table: [text: string, found: string[]][] = [
      ['ada', ['ADA@example.com', 'Ada', 'adam']],
      ['ADA', ['ADA@example.com', 'Ada', 'adam']],
      ['adam', ['adam']],
      ['love', ['Ada']],
      ['lovelace@example.com', ['Ada']],
      ['lovelace@example.com.', []],
      ['race', []],
      ['g_', ['grace']],
      ['a%', []],
      ['_', []],
      ['\\', []],
      ['é', []],
      ['', ['ADA@example.com', 'Ada', 'adam', 'grace', 'z_a']]
    ]
    for (const [text, found] of table) t.strictSame(await search(text), found, text)
    await disableAccount(database, lifetimes, 'adam')
    t.strictSame(await search('ada', { disabled: true }), ['adam'])
    const { users, next } = await listAccounts(database, { limit: 1, search: 'ada' })
    t.strictSame(await search('ada', { after: next }), ['ADA@example.com', 'adam'])
    t.match(users, [{ username: 'Ada' }])
  })
})
