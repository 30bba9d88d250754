import { type Test, test } from 'tap'
import { listAudit } from '../../../src/audit/list.ts'
import { CAPACITY } from '../../../src/audit/queue.ts'
import { createAuditWriter } from '../../../src/audit/writer.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedDatabase, poolOf } from '../../helpers/database.ts'
import { testTimers } from '../../helpers/timers.ts'

const INTERVAL = 200

/** A writer, its timers, what it reported, and a switch that takes the database away. */
async function start(t: Test) {
  const pool = await poolOf(t, await migratedDatabase(t))
  const open = () => createDatabase(pool, { timeout: 60_000 })
  const timers = testTimers()
  const reported: unknown[] = []
  const outage: { error?: Error } = {}
  const writer = createAuditWriter({
    openDatabase() {
      if (outage.error) throw outage.error
      return open()
    },
    key: Buffer.alloc(32),
    interval: INTERVAL,
    timers,
    failed: (error) => reported.push(['failed', error]),
    recovered: () => reported.push('recovered'),
    abandoned: (error, lost) => reported.push(['abandoned', error, lost])
  })
  const actions = async () => (await listAudit(open(), { limit: 10 })).map(({ action }) => action)
  return { writer, timers, reported, outage, actions, database: open }
}

test('records are written an interval after the first of them, together', async (t) => {
  const { writer, timers, reported, actions } = await start(t)
  writer.record('operator', 'key rotated')
  await timers.pass(INTERVAL - 1)
  writer.record('operator', 'key revoked')
  t.equal(writer.waiting, 2)
  await timers.pass(1)
  t.equal(writer.waiting, 0)
  t.strictSame(await actions(), ['key rotated', 'key revoked'])
  writer.record('operator', 'keys rewrapped')
  await timers.pass(INTERVAL)
  t.strictSame(await actions(), ['key rotated', 'key revoked', 'keys rewrapped'])
  t.strictSame(reported, [])
  await writer.close()
})

test('an outage is reported once, and so is its end', async (t) => {
  const { writer, timers, reported, outage, actions } = await start(t)
  const error = new Error('the database is gone')
  outage.error = error
  writer.record('operator', 'key rotated')
  await timers.pass(3 * INTERVAL)
  t.strictSame([reported, writer.waiting], [[['failed', error]], 1])
  delete outage.error
  await timers.pass(INTERVAL)
  t.strictSame([reported, writer.waiting], [[['failed', error], 'recovered'], 0])
  t.strictSame(await actions(), ['key rotated'])
  await writer.close()
})

test('a full queue drops records and counts them', async (t) => {
  const { writer } = await start(t)
  for (let index = 0; index < CAPACITY + 2; index++) writer.record('operator', 'key rotated')
  t.strictSame([writer.waiting, writer.lost], [CAPACITY, 2])
})

test('a flush writes everything, or says why not', async (t) => {
  const { writer, outage, actions } = await start(t)
  writer.record('operator', 'key rotated')
  outage.error = new Error('the database is gone')
  t.equal(await caught(writer.flush()), outage.error)
  delete outage.error
  await writer.flush()
  t.strictSame(await actions(), ['key rotated'])
})

test('a closed writer writes no more', async (t) => {
  const { writer, timers, reported, outage, actions } = await start(t)
  writer.record('operator', 'key rotated')
  await writer.close()
  writer.record('operator', 'key revoked')
  await timers.pass(10_000)
  t.strictSame(await actions(), ['key rotated'])
  t.strictSame(reported, [])
  const error = new Error('the database is gone')
  outage.error = error
  await writer.close()
  t.strictSame(reported, [['abandoned', error, 1]])
})

test('records of a transaction are stored with it, or not at all', async (t) => {
  const { writer, database, actions } = await start(t)
  writer.record('client', 'login')
  await writer.flush()
  const key = { actor: 'key', action: 'user created' } as const
  const committed = await database().transact((transaction) =>
    writer.append(transaction, [key, { ...key, action: 'user invited' }])
  )
  committed()
  const failed = database().transact(async (transaction) => {
    await writer.append(transaction, [{ ...key, action: 'user deleted' }])
    throw new Error('rolled back')
  })
  t.match(await caught(failed), { message: 'rolled back' })
  writer.record('client', 'logged out')
  await writer.close()
  t.strictSame(await actions(), ['login', 'user created', 'user invited', 'logged out'])
  t.strictSame(
    [...writer.counts],
    [
      ['login', 1],
      ['user created', 1],
      ['user invited', 1],
      ['logged out', 1]
    ]
  )
})
