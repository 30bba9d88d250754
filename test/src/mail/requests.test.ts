import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { requestMail } from '../../../src/mail/requests.ts'
import { THROTTLED } from '../../../src/outbox/outbox.ts'
import { migratedDatabase, poolOf } from '../../helpers/database.ts'

test('a mail that is throttled is put into the outbox like any other, marked', async (t) => {
  const database = createDatabase(await poolOf(t, await migratedDatabase(t)), { timeout: 60_000 })
  for (const throttled of [false, true]) {
    await requestMail(database, { kind: 'reset asked', recipient: `${throttled}@example.com` }, { throttled })
  }
  t.strictSame(await database.query(sql`SELECT kind, recipient, data FROM mails ORDER BY recipient`), [
    { kind: 'reset asked', recipient: 'false@example.com', data: {} },
    { kind: 'reset asked', recipient: 'true@example.com', data: { [THROTTLED]: 'yes' } }
  ])
})
