import { test } from 'tap'
import { appendRecords } from '../../../src/audit/append.ts'
import { listAudit } from '../../../src/audit/list.ts'
import { verifyAudit } from '../../../src/audit/verify.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { testClock } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedPool } from '../../helpers/pool.ts'
import { ACCOUNT, append, auditEvent, emptyRecord, KEY } from '../../helpers/record.ts'

test('appending to the audit log', async (t) => {
  const pool = await migratedPool(t)
  const database = () => createDatabase(pool, { timeout: 60_000 })
  const list = () => listAudit(database(), { limit: 1000 })
  const verify = () => verifyAudit(database(), KEY)
  t.beforeEach(() => emptyRecord(pool))

  await t.test('stores all fields of an event', async (t) => {
    const whole = {
      account: ACCOUNT,
      session: '01890a5d-ac96-774b-bcce-b302099a8058',
      address: '2001:db8::1',
      requestId: 'a-request-id',
      detail: { reason: 'a "reason"', count: 2 }
    }
    const bare = { actor: 'operator', action: 'key rotated' } as const
    t.equal(await appendRecords(database(), KEY, [auditEvent(whole), auditEvent(bare)]), 2)
    const { requestId: request_id, ...rest } = whole
    const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
    t.match(await list(), [
      { seq: 1, at, actor: 'client', action: 'login', ...rest, request_id },
      { seq: 2, at, ...bare, account: null, session: null, address: null, request_id: null, detail: null }
    ])
  })

  await t.test('stores ids as the database reads them back, whatever their letter case', async (t) => {
    const session = '01890a5d-ac96-774b-bcce-b302099a8058'
    await append(pool, 1, { account: ACCOUNT.toUpperCase(), session: session.toUpperCase() })
    t.match(await list(), [{ account: ACCOUNT, session }])
    t.strictSame(await verify(), { count: 1, first: 1, last: 1, fault: undefined })
  })

  await t.test("tells the time by the database's clock, and when it happened, not when it was written", async (t) => {
    const clock = testClock()
    clock.advance(86_400)
    const { rows } = await pool.query('SELECT extract(epoch FROM now())::float8 AS now')
    const old = auditEvent({ happened: performance.now() - 600_000 })
    await appendRecords(createDatabase(pool, { clock, timeout: 60_000 }), KEY, [old, auditEvent()])
    const [first, second] = (await list()).map(({ at }) => Date.parse(at) / 1000 - rows[0].now)
    t.ok(Math.abs(Number(first) - 85_800) < 30, `${first}`)
    t.ok(Math.abs(Number(second) - 86_400) < 30, `${second}`)
  })

  await t.test('continues after the last row, also if many append concurrently', async (t) => {
    const numbers = await Promise.all([3, 1, 4, 1, 5].map((count) => append(pool, count)))
    t.equal(Math.max(...numbers), 14)
    t.strictSame(await verify(), { count: 14, first: 1, last: 14, fault: undefined })
  })

  await t.test('is atomic', async (t) => {
    await append(pool, 1)
    t.match(await caught(append(pool, 2, { action: '' as never })), { code: '23514' })
    t.equal(await append(pool, 1), 2)
    t.strictSame(await verify(), { count: 2, first: 1, last: 2, fault: undefined })
  })

  const damages: [what: string, sql: string, seq: number, fault: { seq: number; kind: string }][] = [
    ['its end was cut off', 'DELETE FROM audit WHERE seq > 3', 6, { seq: 4, kind: 'missing' }],
    [
      'its end was cut off and forged',
      'WITH cut AS (DELETE FROM audit WHERE seq > 3) UPDATE audit_head SET last_seq = 3, last_mac = (SELECT mac FROM audit WHERE seq = 3)',
      4,
      { seq: 4, kind: 'damaged' }
    ],
    [
      'a row was added',
      'INSERT INTO audit SELECT 6, at, actor, action, account, session, address, request_id, detail, mac FROM audit WHERE seq = 5',
      7,
      { seq: 6, kind: 'changed' }
    ],
    ['its ends are gone', 'TRUNCATE audit_head', 6, { seq: 6, kind: 'changed' }],
    ['all of it is gone', 'TRUNCATE audit', 6, { seq: 1, kind: 'missing' }]
  ]
  for (const [what, sql, seq, fault] of damages) {
    await t.test(`says so for good where ${what}`, async (t) => {
      await append(pool, 5)
      await pool.query(sql)
      await append(pool, 2)
      t.match((await verify()).fault, fault)
      const marks = (await list()).filter(({ action }) => action === 'record damaged')
      t.match(marks, [{ seq, actor: 'service' }])
      t.equal(marks.length, 1, 'once')
    })
  }

  await t.test('records damage if the log was restored to an earlier state while the service ran', async (t) => {
    await append(pool, 3)
    const { rows } = await pool.query('SELECT * FROM audit_head')
    const known = await append(pool, 2)
    await pool.query('DELETE FROM audit WHERE seq > 3')
    const { last_seq, last_mac, seal } = rows[0]
    await pool.query('UPDATE audit_head SET last_seq = $1, last_mac = $2, seal = $3', [last_seq, last_mac, seal])
    t.equal((await verify()).fault, undefined, 'which nobody else can tell')
    t.equal(await append(pool, 1, {}, known), 7)
    t.strictSame((await verify()).fault, { seq: 4, kind: 'missing' })
  })
})
