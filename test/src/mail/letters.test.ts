import { test } from 'tap'
import { v7 as uuid } from 'uuid'
import { createDatabase } from '../../../src/database/database.ts'
import { compose } from '../../../src/mail/compose.ts'
import type { Kind } from '../../../src/outbox/outbox.ts'
import { addUser } from '../../../src/users/users.ts'
import { migratedPool } from '../../helpers/pool.ts'

test('a mail becomes a letter', async (t) => {
  const database = createDatabase(await migratedPool(t), { timeout: 60_000 })
  const add = (username: string, emailVerified: boolean) =>
    addUser(database, { username, email: `${username}@example.com`, emailVerified, passwordHash: 'none' })
  const [ada, grace] = [await add('ada', true), await add('grace', false)]
  const write = (kind: Kind, recipient: string, user_id: string | null) =>
    compose(database, Buffer.alloc(32), { id: uuid(), kind, recipient, user_id, data: {}, attempts: 1 })

  await t.test('of a changed password, which names a user whose address is proven', async (t) => {
    t.strictSame(await write('password changed', 'ada@example.com', ada.id), {
      template: 'password-changed',
      recipient: 'ada@example.com',
      variables: { name: 'ada' }
    })
  })

  await t.test('of a changed password, which otherwise has no name that anybody has chosen', async (t) => {
    t.strictSame(await write('password changed', 'grace@example.com', grace.id), {
      template: 'password-changed',
      recipient: 'grace@example.com',
      variables: { name: 'grace@example.com' }
    })
  })

  await t.test('goes where the address was when the password was changed', async (t) => {
    t.match(await write('password changed', 'before@example.com', ada.id), { recipient: 'before@example.com' })
  })

  await t.test('with a link', async (t) => {
    t.match(await write('reset password', 'ada@example.com', ada.id), {
      template: 'reset-password',
      token: /^[\w-]{43}$/
    })
  })

  await t.test('to nobody where the account has gone', async (t) => {
    t.equal(await write('password changed', 'ada@example.com', uuid()), undefined)
  })
})
