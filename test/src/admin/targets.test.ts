import { test } from 'tap'
import { setRoles } from '../../../src/admin/roles.ts'
import type { Operator } from '../../../src/admin/scopes.ts'
import { lockTarget } from '../../../src/admin/targets.ts'
import { createDatabase } from '../../../src/database/database.ts'
import type { Problem } from '../../../src/errors.ts'
import { addUser } from '../../../src/users/users.ts'
import { migratedPool } from '../../helpers/pool.ts'

test('an account that an operator changes', async (t) => {
  const database = createDatabase(await migratedPool(t), { timeout: 60_000 })
  const add = async (username: string, roles: string[]) => {
    const { id } = await addUser(database, { username, passwordHash: 'a hash' })
    await setRoles(database, id, roles)
    return id
  }
  const ids = { admin: await add('ada', ['admin']), support: await add('sam', ['support']), user: await add('bob', []) }
  const admin: Operator = { id: ids.admin, actor: 'admin', isAdmin: true, scopes: [] }
  const key: Operator = { id: 'a key', actor: 'key', isAdmin: false, scopes: ['users:write'] }
  /** The code of the refusal; undefined if there is none. */
  const refusalOf = (operator: Operator, id: string, intent: object) =>
    database
      .transact((transaction) => lockTarget(transaction, operator, id, intent))
      .then(
        () => undefined,
        ({ code }: Problem) => code
      )
  const table: [what: string, operator: Operator, id: string, intent: object, code: string | undefined][] = [
    ['nobody', admin, '01890a5d-ac96-774b-bcce-b302099a8057', {}, 'NOT_FOUND'],
    ['a user by a key', key, ids.user, { mayEndAdmin: true, deleting: true }, undefined],
    ['support by a key', key, ids.support, {}, 'ROLE_PROTECTED'],
    ['the last administrator by a key', key, ids.admin, { mayEndAdmin: true }, 'ROLE_PROTECTED'],
    ['the last administrator, who stays one', admin, ids.admin, {}, undefined],
    ['the last administrator', admin, ids.admin, { mayEndAdmin: true }, 'LAST_ADMIN'],
    ['the same in upper case', admin, ids.admin.toUpperCase(), { mayEndAdmin: true }, 'LAST_ADMIN']
  ]
  for (const [what, operator, id, intent, code] of table) {
    t.equal(await refusalOf(operator, id, intent), code, what)
  }
  const found = await database.transact((transaction) => lockTarget(transaction, admin, ids.support))
  t.match(found, { id: ids.support, username: 'sam', roles: ['support'], metadata: {}, has_password: true })
})
