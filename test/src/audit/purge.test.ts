import { test } from 'tap'
import { countPurgeable, purgeAudit } from '../../../src/audit/purge.ts'
import { verifyAudit } from '../../../src/audit/verify.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedPool } from '../../helpers/pool.ts'
import { append, emptyRecord, KEY } from '../../helpers/record.ts'

const HOUR = 3_600_000
const ago = (hours: number) => ({ happened: performance.now() - hours * HOUR })
const before = (hours: number) => new Date(Date.now() - hours * HOUR)

test('purging the audit log', async (t) => {
  const pool = await migratedPool(t)
  const database = () => createDatabase(pool, { timeout: 60_000 })
  const purge = (hours: number) => purgeAudit(database(), KEY, before(hours))
  const count = (hours: number) => countPurgeable(database(), before(hours))
  const verify = () => verifyAudit(database(), KEY)
  t.beforeEach(() => emptyRecord(pool))

  await t.test('that is empty', async (t) => {
    t.strictSame(await count(0), { count: 0, last: 0 })
    t.strictSame(await purge(0), { count: 0, last: 0 })
  })

  await t.test('deletes the oldest records in batches, and the rest can still be verified', async (t) => {
    await append(pool, 1200, ago(10))
    await append(pool, 5, ago(2))
    t.strictSame(await count(5), { count: 1200, last: 1200 })
    t.strictSame(await purge(5), { count: 1000, last: 1000 })
    t.strictSame(await verify(), { count: 205, first: 1001, last: 1205, fault: undefined })
    t.strictSame(await count(5), { count: 200, last: 1200 })
    t.strictSame(await purge(5), { count: 200, last: 1200 })
    t.strictSame([await count(5), await purge(5)], Array(2).fill({ count: 0, last: 1200 }))
    await append(pool, 1)
    t.strictSame(await verify(), { count: 6, first: 1201, last: 1206, fault: undefined })
  })

  await t.test('deletes each batch once, also if two purge concurrently', async (t) => {
    await append(pool, 1500, ago(10))
    const sums = await Promise.all([purge(5), purge(5)])
    t.strictSame(new Set(sums.map(({ count }) => count)), new Set([1000, 500]))
    t.strictSame(await count(5), { count: 0, last: 1500 })
    await append(pool, 1)
    t.strictSame(await verify(), { count: 1, first: 1501, last: 1501, fault: undefined })
  })

  await t.test('stops at the first record that is not older', async (t) => {
    await append(pool, 2, ago(10))
    await append(pool, 1, ago(2))
    await append(pool, 2, ago(10))
    t.strictSame(await count(5), { count: 2, last: 2 })
    t.strictSame(await purge(5), { count: 2, last: 2 })
  })

  await t.test('of all records keeps the number and the MAC to continue with', async (t) => {
    await append(pool, 3, ago(1))
    t.strictSame(await purge(0), { count: 3, last: 3 })
    t.strictSame(await verify(), { count: 0, first: 4, last: 3, fault: undefined })
    t.equal(await append(pool, 1), 4)
    t.strictSame(await verify(), { count: 1, first: 4, last: 4, fault: undefined })
  })

  for (const [what, sql] of [
    ['a row was changed', "UPDATE audit SET actor = 'operator' WHERE seq = 2"],
    ['a row is missing', 'DELETE FROM audit WHERE seq = 2'],
    ['its ends were forged', 'UPDATE audit_head SET last_seq = 7']
  ] as const) {
    await t.test(`deletes nothing where ${what}`, async (t) => {
      await append(pool, 3, ago(1))
      await pool.query(sql)
      const left = (await pool.query('SELECT seq FROM audit')).rows
      t.match(await caught(purge(0)), { name: 'DamagedRecord', message: /latchkey audit verify/ })
      t.strictSame((await pool.query('SELECT seq FROM audit')).rows, left)
    })
  }
})
