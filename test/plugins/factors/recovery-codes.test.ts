import { test } from 'tap'
import type { Database } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { build, signIn } from '../../helpers/app.ts'
import { giveApp } from '../../helpers/second-factor.ts'

test('a recovery code that a concurrent request has used after the check is refused', async (t) => {
  const fastify = await build(t)
  const { user } = await signIn(fastify, { username: 'ada' })
  const { codes } = await giveApp(fastify, user.id)
  const [account] = await fastify.database.open().query(sql`SELECT * FROM users WHERE id = ${user.id}`)
  const records: unknown[] = []
  const request = {
    database: fastify.database.open(),
    headers: {},
    raw: { socket: { remoteAddress: '192.0.2.1' } },
    record: (...record: unknown[]) => records.push(record)
  }
  const attempt = { account, answers: { recovery_code: codes[0] }, purpose: { for: 'step-up', session: 'its id' } }
  const usedTwice = async (use: (transaction: Database) => Promise<unknown>) => {
    await use(request.database)
    await use(request.database)
  }
  const checked = fastify.factors.check(request as never, attempt as never, usedTwice)
  await t.rejects(checked, { code: 'MFA_CODE_INVALID' })
  t.strictSame(records, [
    ['step-up failed', { account: user.id, session: 'its id', detail: { reason: 'used', method: 'recovery_code' } }]
  ])
})
