import { test } from 'tap'
import { changeRoles } from '../../../src/admin/account-roles.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { addUser } from '../../../src/users/users.ts'
import { migratedPool } from '../../helpers/pool.ts'

test('an operator gives and takes roles', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  await addUser(database, { username: 'ada', passwordHash: 'a hash' })
  const change = async (add: string[], remove: string[], force?: boolean) => {
    const { account, before } = await changeRoles(database, 'ada', { add, remove, ...(force && { force }) })
    return [before, account.roles]
  }

  t.strictSame(await change(['editor', 'admin'], ['author']), [[], ['admin', 'editor']])
  t.strictSame(await change(['author', 'editor'], ['editor']), [
    ['admin', 'editor'],
    ['admin', 'author', 'editor']
  ])
  await t.rejects(change([], ['admin', 'editor']), { code: 'LAST_ADMIN' })
  t.strictSame(await change([], ['author']), [
    ['admin', 'author', 'editor'],
    ['admin', 'editor']
  ])
  t.strictSame(await change([], ['admin'], true), [['admin', 'editor'], ['editor']])
  t.strictSame(await change([], ['admin']), [['editor'], ['editor']])

  const many = Array.from({ length: 16 }, (_, index) => `role-${index}`)
  await t.rejects(change(many, []), { message: 'An account has at most 16 roles.' })
  t.equal((await change(many, ['editor']))[1]?.length, 16)
  await t.rejects(changeRoles(database, 'nobody', { add: [], remove: [] }), {
    message: 'There is no user with the username nobody.'
  })
})
