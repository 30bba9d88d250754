import { test } from 'tap'
import { type AuditRecord, isSealed, recordMac, sealEnds } from '../../../src/audit/chain.ts'
import { migratedPool } from '../../helpers/pool.ts'
import { ACCOUNT, KEY } from '../../helpers/record.ts'

const RECORD: AuditRecord = {
  seq: 2,
  at: 1_700_000_000_000_001,
  actor: 'client',
  action: 'login',
  account: ACCOUNT,
  session: null,
  address: '192.0.2.1',
  request_id: 'a-request',
  detail: '{"count":1}'
}
const PREVIOUS = Buffer.from('the one before')

test('the vocabulary is defined in TypeScript: the database accepts any non-empty word', async (t) => {
  const pool = await migratedPool(t)
  const insert = (actor: string, action: string) =>
    pool.query("INSERT INTO audit (seq, at, actor, action, mac) VALUES (1, now(), $1, $2, '')", [actor, action])
  await t.rejects(insert('client', ''), /audit_action/)
  await t.rejects(insert('', 'login'), /audit_actor/)
  t.equal((await insert('a later actor', 'a later action')).rowCount, 1)
})

test('the MAC of a record', async (t) => {
  const others: [what: string, mac: Buffer][] = [
    ['another key', recordMac(Buffer.alloc(32, 8), PREVIOUS, RECORD)],
    ['another before it', recordMac(KEY, Buffer.from('another'), RECORD)],
    ...Object.keys(RECORD).map((name): [string, Buffer] => [
      `another ${name}`,
      recordMac(KEY, PREVIOUS, { ...RECORD, [name]: name === 'at' ? RECORD.at + 1 : '3' })
    ]),
    ['a field moved', recordMac(KEY, PREVIOUS, { ...RECORD, account: null, session: ACCOUNT })],
    ['a field in another', recordMac(KEY, PREVIOUS, { ...RECORD, address: '192.0.2.1","a-request', request_id: '' })],
    ['a null in words', recordMac(KEY, PREVIOUS, { ...RECORD, session: 'null' })]
  ]
  const mac = recordMac(KEY, PREVIOUS, RECORD)
  t.equal(mac.length, 32)
  t.strictSame(recordMac(KEY, PREVIOUS, { ...RECORD }), mac, 'is the same for the same')
  for (const [what, other] of others) t.notOk(other.equals(mac), `is another for ${what}`)
})

test('the seal of the ends', async (t) => {
  const ends = { purged_seq: 1, purged_mac: Buffer.from('a'), last_seq: 5, last_mac: Buffer.from('b') }
  const fresh = { purged_seq: 0, purged_mac: Buffer.alloc(0), last_seq: 0, last_mac: Buffer.alloc(0) }
  const seal = sealEnds(KEY, ends)
  t.ok(isSealed(KEY, { ...ends, seal }))
  t.ok(isSealed(KEY, { ...fresh, seal: Buffer.alloc(0) }), 'is none before the first record')
  for (const [name, value] of [
    ['purged_seq', 2],
    ['purged_mac', Buffer.from('x')],
    ['last_seq', 4],
    ['last_mac', Buffer.from('x')],
    ['seal', Buffer.alloc(0)]
  ] as const) {
    t.notOk(isSealed(KEY, { ...ends, seal, [name]: value }), `does not fit another ${name}`)
  }
  t.notOk(isSealed(KEY, { ...fresh, seal: sealEnds(KEY, fresh) }), 'and is none there either')
})
