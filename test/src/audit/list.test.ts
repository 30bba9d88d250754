import { test } from 'tap'
import { type AuditFilter, listAudit } from '../../../src/audit/list.ts'
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
      t.notMatch(plan, /Removed by Filter|Sort/)
    }
  }
})
