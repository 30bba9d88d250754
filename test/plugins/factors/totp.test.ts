import type { FastifyInstance } from 'fastify'
import { test } from 'tap'
import type { Database } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { Problem } from '../../../src/errors.ts'
import { build, signIn } from '../../helpers/app.ts'
import { giveApp } from '../../helpers/second-factor.ts'

/** An attempt at a step-up, as the flow makes it. */
async function attemptAt(fastify: FastifyInstance, user: string) {
  const [account] = await fastify.database.open().query(sql`SELECT * FROM users WHERE id = ${user}`)
  const records: unknown[] = []
  const database = fastify.database.open()
  const request = {
    database,
    headers: {},
    raw: { socket: { remoteAddress: '192.0.2.1' } },
    record: (...record: unknown[]) => records.push(record)
  }
  const check = (totp: string, open: (use: (transaction: Database) => Promise<unknown>) => Promise<unknown>) => {
    const attempt = { account, answers: { totp }, purpose: { for: 'step-up', session: 'its id' } }
    return fastify.factors.check(request as never, attempt as never, open as never)
  }
  return { check, database, records }
}

test('the codes of an authenticator app as a factor', async (t) => {
  const fastify = await build(t)
  const begin = async (username: string) => {
    const { user } = await signIn(fastify, { username })
    const app = await giveApp(fastify, user.id)
    const attempt = await attemptAt(fastify, user.id)
    const wrongCodes = async () =>
      attempt.database.query(sql`SELECT wrong_codes::int FROM totp WHERE user_id = ${user.id}`)
    const failed = (reason: string) => [
      ['step-up failed', { account: user.id, session: 'its id', detail: { reason, method: 'totp' } }]
    ]
    return { ...attempt, app, wrongCodes, failed }
  }

  await t.test('one that is right proves the app, in the transaction of its use', async (t) => {
    const { check, database, app, wrongCodes, records } = await begin('ada')
    const proof = await check(app.code(1), (use) => database.transact(use))
    t.equal(proof, 'totp')
    t.strictSame(await wrongCodes(), [{ wrong_codes: 0 }])
    t.strictSame(records, [])
  })

  await t.test('one that a concurrent request has used after the check is refused', async (t) => {
    const { check, database, app, records, failed } = await begin('bob')
    const usedTwice = check(app.code(1), async (use) => {
      await use(database)
      await use(database)
    })
    await t.rejects(usedTwice, { code: 'MFA_CODE_INVALID' })
    t.strictSame(records, failed('used'))
  })

  await t.test('one that is wrong is counted, and used by nobody', async (t) => {
    const { check, app, wrongCodes, records, failed } = await begin('carol')
    const refused = check(app.wrong(), async () => t.fail('was used'))
    await t.rejects(refused, { code: 'MFA_CODE_INVALID' })
    t.strictSame(await wrongCodes(), [{ wrong_codes: 1 }])
    t.strictSame(records, failed('wrong'))
  })

  await t.test('one whose request ends in 503 is not counted, and still good', async (t) => {
    const { check, database, app, wrongCodes } = await begin('dora')
    const code = app.code(1)
    const cut = check(code, async () => {
      throw new Problem('DATABASE_UNAVAILABLE')
    })
    await t.rejects(cut, { code: 'DATABASE_UNAVAILABLE' })
    t.strictSame(await wrongCodes(), [{ wrong_codes: 0 }])
    t.equal(await check(code, (use) => database.transact(use)), 'totp')
  })
})
