import { test } from 'tap'
import { type AuditFilter, listAudit } from '../../../src/audit/list.ts'
import { createDatabase } from '../../../src/database/database.ts'
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
