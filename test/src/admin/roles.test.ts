import { test } from 'tap'
import {
  hasAdmin,
  hasReserved,
  requireMayChange,
  requireOtherAdmin,
  setRoles,
  sortRoles
} from '../../../src/admin/roles.ts'
import { createDatabase, type Database } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { Problem } from '../../../src/errors.ts'
import { addUser } from '../../../src/users/users.ts'
import { hasServer, meet } from '../../helpers/meeting.ts'
import { migratedPool } from '../../helpers/pool.ts'

test('roles are stored sorted and once', (t) => {
  t.strictSame(sortRoles(['editor', 'admin', 'editor', 'a_b', 'a-b']), ['a-b', 'a_b', 'admin', 'editor'])
  t.strictSame(sortRoles([]), [])
  t.end()
})

test('two roles are reserved', (t) => {
  for (const roles of [['admin'], ['editor', 'support']]) t.ok(hasReserved(roles))
  for (const roles of [[], ['administrator'], ['editor']]) t.notOk(hasReserved(roles))
  t.end()
})

test('accounts with a reserved role are changed by administrators alone, who alone give and take one', (t) => {
  const may = (admin: boolean, target: string[], roles?: string[]) => {
    try {
      requireMayChange({ admin }, { roles: target }, roles)
      return true
    } catch (error) {
      if (error instanceof Problem && error.code === 'ROLE_PROTECTED') return false
      throw error
    }
  }
  const cases: [target: string[], roles: string[] | undefined, others: boolean][] = [
    [[], undefined, true],
    [['editor'], ['author'], true],
    [['admin'], undefined, false],
    [['editor', 'support'], undefined, false],
    [['support'], [], false],
    [[], ['admin'], false],
    [['editor'], ['editor', 'support'], false]
  ]
  for (const [target, roles, others] of cases) {
    t.equal(may(true, target, roles), true)
    t.equal(may(false, target, roles), others, `${target} to ${roles}`)
  }
  t.end()
})

test('an administrator is left', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  const add = async (username: string, ...roles: string[]) => {
    const { id } = await addUser(database, { username, passwordHash: 'a hash' })
    await database.query(sql`UPDATE users SET roles = ${roles} WHERE id = ${id}`)
    return id
  }
  const require = (id: string) => database.transact((transaction) => requireOtherAdmin(transaction, id))
  const set = (id: string, roles: string[], options?: { force: boolean }, where: Database = database) =>
    where.transact((transaction) => setRoles(transaction, id, roles, options))
  const rolesOf = async (id: string) => (await database.query(sql`SELECT roles FROM users WHERE id = ${id}`))[0]?.roles
  const demote = (where: Database, id: string) => setRoles(where, id, [])
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE users CASCADE`)
  })

  await t.test('where the account is none, or is disabled, or does not exist', async (t) => {
    const [ada, grace] = [await add('ada', 'admin'), await add('grace', 'support', 'editor')]
    await require(grace)
    await t.rejects(require(ada.toUpperCase()), { code: 'LAST_ADMIN' }, 'whatever the letter case of its id')
    await require('0198a3c2-7f00-7000-8000-000000000000')
    await t.rejects(require(ada), { code: 'LAST_ADMIN' })
    await database.query(sql`UPDATE users SET disabled_at = now() WHERE id = ${ada}`)
    await require(ada)
    t.equal(await hasAdmin(database), false, 'a disabled one is none')
  })

  await t.test('where there is another one who is not disabled', async (t) => {
    const [ada, grace] = [await add('ada', 'admin'), await add('grace', 'admin')]
    t.equal(await hasAdmin(database), true)
    await require(ada)
    await require(grace)
    await database.query(sql`UPDATE users SET disabled_at = now() WHERE id = ${grace}`)
    await t.rejects(require(ada), { code: 'LAST_ADMIN' })
  })

  await t.test('whose role is replaced by others', async (t) => {
    const [ada, grace] = [await add('ada', 'admin', 'editor'), await add('grace', 'admin')]
    t.strictSame(await set(ada, ['editor', 'author', 'author']), {
      before: ['admin', 'editor'],
      after: ['author', 'editor']
    })
    t.strictSame(await set(ada, []), { before: ['author', 'editor'], after: [] })
    await t.rejects(set(grace, ['support']), { code: 'LAST_ADMIN' })
    t.strictSame(await rolesOf(grace), ['admin'])
    t.strictSame(await set(grace, ['support', 'admin']), { before: ['admin'], after: ['admin', 'support'] })
    t.strictSame(await set(grace, [], { force: true }), { before: ['admin', 'support'], after: [] })
    t.equal(await set('0198a3c2-7f00-7000-8000-000000000000', ['editor']), undefined)
  })

  if (!hasServer) return

  await t.test('of two who demote each other at once', async (t) => {
    for (let round = 0; round < 20; round += 1) {
      await database.query(sql`TRUNCATE users CASCADE`)
      const [ada, grace] = [await add('ada', 'admin'), await add('grace', 'admin')]
      const outcomes = await Promise.allSettled([set(ada, []), set(grace, [])])
      t.strictSame(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      t.match(
        outcomes.find(({ status }) => status === 'rejected'),
        { reason: { code: 'LAST_ADMIN' } }
      )
      t.equal(await hasAdmin(database), true)
    }
  })

  await t.test('of many who leave at once', async (t) => {
    const admins = await Promise.all(Array.from({ length: 6 }, (_, index) => add(`admin${index}`, 'admin')))
    const outcomes = await Promise.allSettled(admins.map((id) => set(id, [])))
    t.equal(outcomes.filter(({ status }) => status === 'rejected').length, 1)
  })

  await t.test('where the account becomes one meanwhile, and the one before goes', async (t) => {
    const [ada, grace] = [await add('ada', 'admin'), await add('grace')]
    const handOver = async (transaction: Database) => {
      await setRoles(transaction, grace, ['admin'])
      await demote(transaction, ada)
    }
    const [, outcome] = await meet(pool, handOver, () => require(grace).catch((error) => error))
    t.match(outcome, { code: 'LAST_ADMIN' })
    t.strictSame(await rolesOf(grace), ['admin'])
  })
})
