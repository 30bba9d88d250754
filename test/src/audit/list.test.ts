import fc from 'fast-check'
import { test } from 'tap'
import { type AuditFilter, listAudit, listPage } from '../../../src/audit/list.ts'
import { createDatabase, type Database } from '../../../src/database/database.ts'
import { type Statement, sql } from '../../../src/database/sql.ts'
import { migratedPool } from '../../helpers/pool.ts'
import { ACCOUNT, append } from '../../helpers/record.ts'

const HOUR = 3_600_000
const OTHER = '01890a5d-ac96-774b-bcce-b302099a8058'

const OPERATOR = { address: '198.51.100.7', detail: { by: OTHER } }

test('listing the audit log', async (t) => {
  const pool = await migratedPool(t)
  await append(pool, 2, { happened: performance.now() - 3 * HOUR })
  await append(pool, 1, { happened: performance.now() - 2 * HOUR, account: OTHER, action: 'login failed' })
  await append(pool, 2, { happened: performance.now() - HOUR, action: 'logged out', ...OPERATOR })
  const after = new Date(Date.now() - 2.5 * HOUR)
  const before = new Date(Date.now() - 1.5 * HOUR)

  const cases: [what: string, wanted: Partial<AuditFilter>, numbers: number[]][] = [
    ['all of it', {}, [1, 2, 3, 4, 5]],
    ['the newest', { limit: 2 }, [4, 5]],
    ['what concerns an account', { account: ACCOUNT }, [1, 2, 4, 5]],
    ['what somebody did', { by: OTHER }, [4, 5]],
    ['what came from an address', { address: '198.51.100.7' }, [4, 5]],
    ['what is below a number', { below: 3 }, [1, 2]],
    ['an action', { action: 'login failed' }, [3]],
    ['what came after a time', { after }, [3, 4, 5]],
    ['what came before a time', { before }, [1, 2, 3]],
    ['all at once', { after, before, account: OTHER, action: 'login failed', limit: 1 }, [3]],
    ['what came after the last', { after: new Date(Date.now() + HOUR) }, []],
    ['what came before the first', { before: new Date(0) }, []],
    ['nothing', { account: OTHER, action: 'login' }, []]
  ]
  for (const [what, wanted, numbers] of cases) {
    const records = await listAudit(createDatabase(pool, { timeout: 60_000 }), { limit: 100, ...wanted })
    t.strictSame(
      records.map(({ seq }) => seq),
      numbers,
      what
    )
  }
})

test('a record of an earlier version is found and shown with the current name of its action', async (t) => {
  const pool = await migratedPool(t)
  await append(pool, 1, { action: 'login held off' as never })
  for (const wanted of [{}, { action: 'login throttled' }] as const) {
    const records = await listAudit(createDatabase(pool, { timeout: 60_000 }), { limit: 100, ...wanted })
    t.match(records, [{ seq: 1, action: 'login throttled' }])
  }
  const { rows } = await pool.query('SELECT action FROM audit')
  t.strictSame(rows, [{ action: 'login held off' }])
})

test('a filter reads what it finds only, also what was common only in the past', async (t) => {
  const pool = await migratedPool(t)
  await pool.query(
    `INSERT INTO audit (seq, at, actor, action, account, address, detail, mac)
     SELECT seq, now() + seq * interval '1 second', 'client', coalesce(old.action, 'login'), old.account, old.address, old.detail, ''
     FROM generate_series(1, 3000) AS seq LEFT JOIN (
       SELECT $1 AS action, $2::uuid AS account, $3 AS address, $4::json AS detail
     ) AS old ON seq <= 1000 OR seq = 2500`,
    ['login failed', ACCOUNT, OPERATOR.address, JSON.stringify(OPERATOR.detail)]
  )
  await pool.query('ANALYZE audit')
  const database = createDatabase(pool, { timeout: 60_000 })
  const seen: string[] = []
  const explained = {
    ...database,
    async query(statement: Statement) {
      const rows = await database.query<{ 'QUERY PLAN': string }>(sql`EXPLAIN (ANALYZE, COSTS OFF) ${statement}`)
      seen.push(...rows.map((row) => row['QUERY PLAN']))
      return []
    }
  } as unknown as Database

  const filters: [filter: Partial<AuditFilter>, index: string][] = [
    [{ account: ACCOUNT }, 'audit_account'],
    [{ by: OTHER }, 'audit_by_seq'],
    [{ address: OPERATOR.address }, 'audit_address_seq'],
    [{ action: 'login failed' }, 'audit_action_seq']
  ]
  for (const [filter, index] of filters) {
    for (const [below, newest] of [
      [undefined, 2500],
      [900, 899]
    ] as const) {
      const wanted = { ...filter, below, limit: 2 }
      t.equal((await listAudit(database, wanted)).at(-1)?.seq, newest)
      seen.length = 0
      await listAudit(explained, wanted)
      const plan = seen.join('\n')
      t.match(plan, `using ${index} on audit`)
      t.match(plan, /Recursive Union \(actual .*rows=[34](\.00)? /, 'one step more than records')
    }
  }
})

const ACTIONS = ['login', 'login failed', 'login held off'] as const
const ACCOUNTS = [ACCOUNT, OTHER] as const

/** Few different values, so that filters meet; times that are not in the order of the records. */
const STORED = fc.record({
  action: fc.constantFrom(...ACTIONS),
  account: fc.option(fc.constantFrom(...ACCOUNTS)),
  address: fc.option(fc.constantFrom('10.0.0.1', '10.0.0.2')),
  by: fc.option(fc.constantFrom(...ACCOUNTS, 'a key')),
  late: fc.integer({ min: 0, max: 5 })
})

const moment = fc.integer({ min: -9, max: 101 }).map((minute) => new Date(Date.UTC(2026, 0, 1, 0, minute)))
const FILTER = fc.record(
  {
    action: fc.constantFrom('login', 'login failed', 'login throttled', 'logged out'),
    account: fc.constantFrom(...ACCOUNTS),
    address: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3'),
    by: fc.constantFrom(...ACCOUNTS, 'a key'),
    after: moment,
    before: moment
  },
  { requiredKeys: [] }
)

test('pages have the records that a plain query finds, by any filters', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  const stored = fc.sample(STORED, { numRuns: 100, seed: 21 })
  await pool.query(
    `INSERT INTO audit (seq, at, actor, action, account, address, detail, mac)
     SELECT row_number() OVER (), timestamptz '2026-01-01' + (row_number() OVER () - late) * interval '1 minute', 'client',
       action, account, address, CASE WHEN by IS NOT NULL THEN json_build_object('by', by) END, ''
     FROM jsonb_to_recordset($1) AS given (action text, account uuid, address text, by text, late integer)`,
    [JSON.stringify(stored)]
  )
  async function findAll({ action, account, address, by, after, before }: Partial<AuditFilter>): Promise<number[]> {
    const found = await database.query<{ seq: number }>(
      sql`SELECT seq::int AS seq FROM audit
       WHERE coalesce(replace(action, 'held off', 'throttled') = ${action ?? null}, ${action === undefined})
         AND coalesce(account = ${account ?? null}, ${account === undefined})
         AND coalesce(address = ${address ?? null}, ${address === undefined})
         AND coalesce(detail ->> 'by' = ${by ?? null}, ${by === undefined})
         AND at >= ${after ?? '-infinity'} AND at < ${before ?? 'infinity'}
       ORDER BY seq DESC`
    )
    return found.map(({ seq }) => seq)
  }
  const number = fc.integer({ min: 1, max: 30 })
  const property = fc.asyncProperty(FILTER, number, number, async (filter, limit, lookups) => {
    const seen: number[] = []
    let below: number | undefined
    do {
      const { records, next } = await listPage(database, { ...filter, below, limit }, lookups)
      seen.push(...records.map(({ seq }) => seq))
      below = next === null ? undefined : Number(next)
    } while (below !== undefined)
    t.strictSame(seen, await findAll(filter), JSON.stringify({ filter, limit, lookups }))
  })
  await fc.assert(property, { numRuns: 60, seed: 21 })
})

test('the log is listed beyond what one page examines', async (t) => {
  const pool = await migratedPool(t)
  await pool.query(
    `INSERT INTO audit (seq, at, actor, action, account, mac)
     SELECT seq, now(), 'client', CASE WHEN seq % 2 = 0 OR seq = 1 THEN 'login' ELSE 'login failed' END,
       CASE WHEN seq % 2 = 1 THEN $1::uuid END, ''
     FROM generate_series(1, 2500) AS seq`,
    [ACCOUNT]
  )
  const database = createDatabase(pool, { timeout: 60_000 })
  const filter = { account: ACCOUNT, action: 'login', limit: 10 } as const
  t.match(await listPage(database, filter), { records: [], next: /^\d+$/ })
  t.match(await listAudit(database, filter), [{ seq: 1 }])
})
