import { type Test, test } from 'tap'
import { sql } from '../../../src/database/sql.ts'
import { answer, build, cutOff, refusal } from '../../helpers/app.ts'

test('GET /health/ready', async (t) => {
  // One connection, of which the setting is.
  const fastify = await build(t, { environment: { DATABASE_POOL: '1' } })
  const ready = async (t: Test, what: string) => {
    const response = await fastify.inject('/health/ready')
    t.strictSame(answer(response), { statusCode: 200, body: { status: 'ok' } }, what)
    t.match(response.headers, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  }

  await t.test('says that the database answers', (t) => ready(t, 'ready'))

  const notReady = async (t: Test, what: string) => {
    const response = await fastify.inject('/health/ready')
    t.strictSame(
      answer(response),
      {
        statusCode: 503,
        body: refusal(
          503,
          'Service Unavailable',
          'DATABASE_UNAVAILABLE',
          'The database cannot be reached; try again shortly.'
        )
      },
      what
    )
    t.match(response.headers, { 'retry-after': '2', 'cache-control': 'no-store' })
  }

  await t.test('says when it does not, and when it does again', async (t) => {
    const restore = cutOff(fastify)
    await notReady(t, 'away')
    restore()
    await ready(t, 'ready again')
  })

  await t.test('says when it takes no writes, and when it does again', async (t) => {
    await fastify.pg.query(sql`SET default_transaction_read_only = on`)
    await notReady(t, 'read-only')
    await fastify.pg.query(sql`RESET default_transaction_read_only`)
    await ready(t, 'ready again')
  })
})
