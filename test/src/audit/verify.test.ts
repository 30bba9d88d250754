import { test } from 'tap'
import { type AuditFault, verifyAudit } from '../../../src/audit/verify.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { migratedPool } from '../../helpers/pool.ts'
import { append, emptyRecord, KEY } from '../../helpers/record.ts'

const COLUMNS = 'at, actor, action, account, session, address, request_id, detail, mac'
const swap = (one: number, other: number) =>
  `UPDATE audit SET seq = -seq WHERE seq IN (${one}, ${other});
   UPDATE audit SET seq = CASE seq WHEN -${one} THEN ${other} ELSE ${one} END WHERE seq < 0`
const copy = (from: number, to: number) =>
  `INSERT INTO audit (seq, ${COLUMNS}) SELECT ${to}, ${COLUMNS} FROM audit WHERE seq = ${from}`
const shorten = (last: number) =>
  `DELETE FROM audit WHERE seq > ${last};
   UPDATE audit_head SET last_seq = ${last}, last_mac = (SELECT mac FROM audit WHERE seq = ${last})`

const OTHER = "'01890a5d-ac96-774b-bcce-b302099a8058'"

const tampered: [what: string, sql: string, fault: AuditFault][] = [
  ['another time', "UPDATE audit SET at = at + interval '1 microsecond' WHERE seq = 3", { seq: 3, kind: 'changed' }],
  ['another actor', "UPDATE audit SET actor = 'operator' WHERE seq = 3", { seq: 3, kind: 'changed' }],
  ['another action', "UPDATE audit SET action = 'logged out' WHERE seq = 3", { seq: 3, kind: 'changed' }],
  ['another account', `UPDATE audit SET account = ${OTHER} WHERE seq = 3`, { seq: 3, kind: 'changed' }],
  ['no account', 'UPDATE audit SET account = NULL WHERE seq = 3', { seq: 3, kind: 'changed' }],
  ['another session', `UPDATE audit SET session = ${OTHER} WHERE seq = 3`, { seq: 3, kind: 'changed' }],
  ['another address', "UPDATE audit SET address = '192.0.2.2' WHERE seq = 1", { seq: 1, kind: 'changed' }],
  ['another request', "UPDATE audit SET request_id = 'another' WHERE seq = 8", { seq: 8, kind: 'changed' }],
  ['other details', `UPDATE audit SET detail = '{"count": 2}' WHERE seq = 3`, { seq: 3, kind: 'changed' }],
  ['another hash', "UPDATE audit SET mac = sha256('x') WHERE seq = 3", { seq: 3, kind: 'changed' }],
  ['the first deleted', 'DELETE FROM audit WHERE seq = 1', { seq: 1, kind: 'missing' }],
  ['one deleted', 'DELETE FROM audit WHERE seq = 4', { seq: 4, kind: 'missing' }],
  ['the last deleted', 'DELETE FROM audit WHERE seq = 8', { seq: 8, kind: 'truncated' }],
  ['all deleted', 'DELETE FROM audit', { seq: 1, kind: 'truncated' }],
  [
    'one deleted and the gap closed',
    'DELETE FROM audit WHERE seq = 4; UPDATE audit SET seq = seq - 1 WHERE seq > 4',
    { seq: 4, kind: 'changed' }
  ],
  ['two neighbours swapped', swap(3, 4), { seq: 3, kind: 'out of order' }],
  ['two far ones swapped', swap(2, 7), { seq: 2, kind: 'out of order' }],
  ['one written over another', `DELETE FROM audit WHERE seq = 5; ${copy(4, 5)}`, { seq: 5, kind: 'changed' }],
  ['one added at the end', copy(8, 9), { seq: 9, kind: 'changed' }],
  ['one added before the beginning', copy(1, 0), { seq: 0, kind: 'added' }],
  ['the end truncated and the ends changed', shorten(6), { seq: 6, kind: 'ends changed' }],
  ['the end forged', 'UPDATE audit_head SET last_seq = 7', { seq: 8, kind: 'ends changed' }],
  ['the hash at the end forged', "UPDATE audit_head SET last_mac = 'x'", { seq: 8, kind: 'ends changed' }],
  ['the seal forged', "UPDATE audit_head SET seal = 'x'", { seq: 8, kind: 'ends changed' }],
  [
    'the beginning truncated and the ends changed',
    `UPDATE audit_head SET purged_seq = 2, purged_mac = (SELECT mac FROM audit WHERE seq = 2);
     DELETE FROM audit WHERE seq < 3`,
    { seq: 8, kind: 'ends changed' }
  ],
  ['the ends deleted', 'DELETE FROM audit_head', { seq: 8, kind: 'ends changed' }]
]

test('verifying the audit log', async (t) => {
  const pool = await migratedPool(t)
  const verify = (key = KEY, show?: (count: number, all: number) => void) =>
    verifyAudit(createDatabase(pool, { timeout: 60_000 }), key, show)
  t.beforeEach(() => emptyRecord(pool))

  await t.test('of an empty log', async (t) => {
    t.strictSame(await verify(), { count: 0, first: 1, last: 0, fault: undefined })
  })

  await t.test('of an intact log, in batches', async (t) => {
    await append(pool, 1500)
    await append(pool, 600)
    const told: number[][] = []
    const verdict = await verify(KEY, (...progress) => told.push(progress))
    t.strictSame(verdict, { count: 2100, first: 1, last: 2100, fault: undefined })
    t.strictSame(told, [
      [1000, 2100],
      [2000, 2100],
      [2100, 2100]
    ])
  })

  await t.test('with another key', async (t) => {
    await append(pool, 3)
    t.strictSame((await verify(Buffer.alloc(32))).fault, { seq: 1, kind: 'changed' })
  })

  for (const [what, sql, fault] of tampered) {
    await t.test(`finds ${what}`, async (t) => {
      await append(pool, 8)
      await pool.query(sql)
      t.strictSame((await verify()).fault, fault)
    })
  }
})
