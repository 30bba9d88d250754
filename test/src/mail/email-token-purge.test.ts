import { test } from 'tap'
import { v7 as uuid } from 'uuid'
import { createDatabase } from '../../../src/database/database.ts'
import { NOW, sql } from '../../../src/database/sql.ts'
import { purgeEmailTokens } from '../../../src/mail/email-token-purge.ts'
import { mintEmailToken } from '../../../src/mail/email-tokens.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'

const DAY = 24 * 60 * 60

test('tokens and replaced addresses are purged once no mail can make them valid again', async (t) => {
  const clock = testClock()
  const database = createDatabase(await migratedPool(t), { clock, timeout: 60_000 })
  const { id: user } = await addUser(database, { email: 'ada@example.com', passwordHash: 'none' })
  for (const email of ['one@example.com', 'two@example.com']) {
    await mintEmailToken(database, Buffer.alloc(32), { mail: uuid(), purpose: 'finish registration', email })
  }
  await database.query(
    sql`INSERT INTO email_changes (id, user_id, previous_email, email_version, changed_at)
     VALUES (${uuid()}, ${user}, 'old@example.com', 1, ${NOW})`
  )
  clock.advance(3 * DAY - 60)
  t.equal(await purgeEmailTokens(database, 1000), 0)
  clock.advance(60)
  t.equal(await purgeEmailTokens(database, 1), 1, 'no more than it may')
  t.equal(await purgeEmailTokens(database, 1000), 1)
  clock.advance(6 * DAY - 60)
  t.equal(await purgeEmailTokens(database, 1000), 0)
  clock.advance(60)
  t.equal(await purgeEmailTokens(database, 1000), 1)
  t.strictSame(await database.query(sql`SELECT FROM email_changes UNION ALL SELECT FROM email_tokens`), [])
})
