import { test } from 'tap'
import { appendRecords } from '../../../src/audit/append.ts'
import { readCounts } from '../../../src/audit/counts.ts'
import { purgeAudit } from '../../../src/audit/purge.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { testClock } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'
import { auditEvent, KEY } from '../../helpers/record.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

test('counts of records', async (t) => {
  const pool = await migratedPool(t)
  const clock = testClock()
  const noon = Math.ceil(Date.now() / DAY) * DAY + DAY / 2
  clock.advance((noon - Date.now()) / 1000)
  const database = createDatabase(pool, { clock, timeout: 60_000 })
  const [yesterday, today] = [noon - DAY, noon].map((day) => new Date(day).toISOString().slice(0, 10))
  const append = (action: 'login' | 'login failed', ...hoursAgo: number[]) =>
    appendRecords(
      database,
      KEY,
      hoursAgo.map((ago) => auditEvent({ action, happened: performance.now() - ago * HOUR }))
    )

  await t.test('are zero on days without records', async (t) => {
    t.strictSame(await readCounts(database, 2), [
      { date: yesterday, counts: {} },
      { date: today, counts: {} }
    ])
  })

  await t.test('add up over hours and batches, by the day on which it happened', async (t) => {
    await append('login', 0, 0, 3, 13)
    await append('login', 3)
    await append('login failed', 1, 40)
    t.strictSame(await readCounts(database, 2), [
      { date: yesterday, counts: { login: 1 } },
      { date: today, counts: { login: 4, 'login failed': 1 } }
    ])
  })

  await t.test('survive a purge', async (t) => {
    t.equal((await purgeAudit(database, KEY, new Date(noon + DAY))).count, 7)
    t.match(await readCounts(database, 1), [{ date: today, counts: { login: 4, 'login failed': 1 } }])
  })
})
