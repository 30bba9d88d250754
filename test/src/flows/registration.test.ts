import { test } from 'tap'
import { v7 as uuid } from 'uuid'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { finishRegistration, registerUser } from '../../../src/flows/registration.ts'
import { mintEmailToken } from '../../../src/mail/email-tokens.ts'
import { migratedDatabase, poolOf } from '../../helpers/database.ts'

test('registrations', async (t) => {
  const pool = await poolOf(t, await migratedDatabase(t))
  const database = createDatabase(pool, { timeout: 60_000 })
  const mails = () => database.query(sql`SELECT kind, recipient, data FROM mails`)

  await t.test('queue a mail to the address, counted in the same transaction', async (t) => {
    const count = async ({ kind, recipient }: { kind: string; recipient: string }) => {
      t.strictSame([kind, recipient], ['verify email', 'ada@example.com'])
      return { throttled: false }
    }
    await registerUser(database, { email: 'ada@example.com', passwordHash: 'none' }, count)
    t.strictSame(await mails(), [{ kind: 'verify email', recipient: 'ada@example.com', data: {} }])
  })

  await t.test('count no mail for an address that is taken', async (t) => {
    const count = async () => {
      throw new Error('counted')
    }
    const account = { email: 'ADA@example.com', passwordHash: 'none' }
    await t.rejects(registerUser(database, account, count), { code: 'ACCOUNT_EXISTS' })
  })

  await t.test('queue no mail if the service sends none, or there is no address', async (t) => {
    await database.query(sql`DELETE FROM mails`)
    await registerUser(database, { email: 'grace@example.com', passwordHash: 'none' }, undefined)
    await registerUser(database, { username: 'mary', passwordHash: 'none' }, async () => ({ throttled: false }))
    t.strictSame(await mails(), [])
  })

  await t.test('are finished by the token of an address, which stays valid if the database fails', async (t) => {
    const email = 'joan@example.com'
    const mint = { mail: uuid(), purpose: 'finish registration', email } as const
    const token = String(await mintEmailToken(database, Buffer.alloc(32), mint))
    await database.query(sql`ALTER TABLE users ADD CONSTRAINT nobody CHECK (false) NOT VALID`)
    await t.rejects(finishRegistration(database, token, { passwordHash: 'none' }), { code: '23514' })
    await database.query(sql`ALTER TABLE users DROP CONSTRAINT nobody`)
    t.match(await finishRegistration(database, token, { passwordHash: 'none' }), { email, email_verified: true })
  })
})

test('an address that its owner may still restore cannot be registered', async (t) => {
  const database = createDatabase(await poolOf(t, await migratedDatabase(t)), { timeout: 60_000 })
  const { id } = await registerUser(database, { email: 'b@example.com', passwordHash: 'none' }, undefined)
  await database.query(
    sql`INSERT INTO email_changes (id, user_id, previous_email, email_version, changed_at)
     VALUES (${uuid()}, ${id}, 'a@example.com', 1, now())`
  )
  const registering = registerUser(database, { email: 'A@example.com', passwordHash: 'none' }, undefined)
  t.match(await registering.catch((error) => error), { code: 'ACCOUNT_EXISTS', errors: [{ path: '/email' }] })
  t.equal((await database.query(sql`SELECT FROM users`)).length, 1)
})

test('an address that is given up concurrently cannot be registered', async (t) => {
  const given = await migratedDatabase(t)
  if (!('url' in given)) {
    t.pass('the embedded database has one connection, and so no two transactions at once')
    return
  }
  const pool = await poolOf(t, given)
  const open = () => createDatabase(pool, { timeout: 60_000 })
  const { id } = await registerUser(open(), { email: 'a@example.com', passwordHash: 'none' }, undefined)
  let registering: Promise<unknown> = Promise.resolve()
  await open().transact(async (transaction) => {
    await transaction.query(sql`UPDATE users SET email = 'b@example.com' WHERE id = ${id}`)
    await transaction.query(
      sql`INSERT INTO email_changes (id, user_id, previous_email, email_version, changed_at)
       VALUES (${uuid()}, ${id}, 'a@example.com', 1, now())`
    )
    registering = registerUser(open(), { email: 'a@example.com', passwordHash: 'none' }, undefined).catch(
      (error) => error
    )
    // pg_stat_activity shows that it waits for this transaction.
    const waits = () =>
      open().query(sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
    while ((await waits()).length === 0);
  })
  t.match(await registering, { code: 'ACCOUNT_EXISTS', errors: [{ path: '/email' }] })
})
