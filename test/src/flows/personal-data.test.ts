import { text } from 'node:stream/consumers'
import { test } from 'tap'
import { v7 as uuid } from 'uuid'
import { createDatabase } from '../../../src/database/database.ts'
import { exportAccount } from '../../../src/flows/personal-data.ts'
import { enqueueMail } from '../../../src/outbox/outbox.ts'
import { addUser } from '../../../src/users/users.ts'
import { migratedPool } from '../../helpers/pool.ts'
import { append, emptyRecord } from '../../helpers/record.ts'

test('the export of an account', async (t) => {
  const pool = await migratedPool(t)
  const openDatabase = () => createDatabase(pool, { timeout: 60_000 })
  const { id: account } = await addUser(openDatabase(), { email: 'ada@example.com', passwordHash: 'a hash' })
  const write = (user: string) => exportAccount({ openDatabase, limitSecret: Buffer.alloc(32), user })
  const read = async (user: string) => JSON.parse(await text((await write(user)) as AsyncGenerator<string>))

  await t.test('is none where the user has gone', async (t) => {
    t.equal(await write(uuid()), undefined)
  })

  await t.test('says of the least what it is of', async (t) => {
    t.match(await read(account), {
      user: { id: account, username: null, email: 'ada@example.com' },
      limits: [{ name: 'email', wrong_passwords: 0, blocked_for: 0 }],
      email_changes: [],
      email_tokens: [],
      mfa: { required: false, totp: null },
      recovery_codes: [],
      passkeys: [],
      login_steps: [],
      sessions: [],
      mails: [],
      records: []
    })
  })

  // Rows are read 500 at a time.
  for (const count of [499, 500, 501, 1001]) {
    await t.test(`has ${count} records, each once and in order, and nobody else's`, async (t) => {
      await emptyRecord(pool)
      await append(pool, count, { account })
      await append(pool, 3)
      const { records } = await read(account)
      t.strictSame(
        records.map(({ detail }: { detail: { count: number } }) => detail.count),
        Array.from({ length: count }, (_, index) => index)
      )
    })
  }

  await t.test('has the mails that wait, and not what they are filled with', async (t) => {
    const mail = { kind: 'email changed', recipient: 'ada@example.com', userId: account } as const
    await enqueueMail(openDatabase(), { ...mail, data: { name: 'ada' } })
    const { mails } = await read(account)
    t.match(mails, [{ kind: 'email changed', recipient: 'ada@example.com', attempts: 0 }])
    t.strictSame(Object.keys(mails[0]), ['kind', 'recipient', 'created_at', 'attempts'])
  })
})
