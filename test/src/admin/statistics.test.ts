import { test } from 'tap'
import { countTotals, readTotals } from '../../../src/admin/statistics.ts'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase, type Database } from '../../../src/database/database.ts'
import { NOW, type Statement, sql } from '../../../src/database/sql.ts'
import { migratedPool } from '../../helpers/pool.ts'

test('instances that want totals at once count them once', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  let counted = 0
  const watched = ({ transact, ...others }: Database): Database => ({
    ...others,
    transact: (work) =>
      transact((transaction) =>
        work({
          ...transaction,
          query(statement: Statement) {
            if (statement.text.includes('count(*)')) counted += 1
            return transaction.query(statement)
          }
        })
      )
  })
  await database.query(sql`INSERT INTO users (id, username, created_at) VALUES (gen_random_uuid(), 'ada', now())`)
  const totals = { users: { total: 1, disabled: 0, unverified: 0, invited: 1 }, sessions: { living: 0 } }

  for (const round of [1, 2]) {
    t.equal(await readTotals(database), undefined)
    const instances = Array.from({ length: 5 }, () => countTotals(watched(database), readConfig({})))
    t.strictSame(await Promise.all(instances), Array(5).fill(totals))
    t.equal(counted, round)
    t.strictSame(await readTotals(database), totals)
    await database.query(sql`UPDATE totals SET counted_at = ${NOW} - interval '1 minute'`)
  }
})
