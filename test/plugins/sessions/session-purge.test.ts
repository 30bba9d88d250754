import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Test, test } from 'tap'
import clock from '../../../plugins/clock.ts'
import config from '../../../plugins/config.ts'
import database from '../../../plugins/database/database.ts'
import pg from '../../../plugins/database/pg.ts'
import sessionPurge from '../../../plugins/sessions/session-purge.ts'
import { readConfig } from '../../../src/config/config.ts'
import { sql } from '../../../src/database/sql.ts'
import { type TestClock, testClock } from '../../helpers/app.ts'
import { assemble } from '../../helpers/assemble.ts'
import { migratedDatabase, poolOf, type TestDatabase } from '../../helpers/database.ts'
import { type TestTimers, testTimers } from '../../helpers/timers.ts'

const DAY = 86_400
const LIFETIMES = { REFRESH_IDLE_TTL: 3600, REFRESH_MAX_TTL: 7200 }

/** The rules of sessions without the keys that they come from, which have timers of their own. */
const rules = fp(
  async (fastify) => {
    const successorKey = Buffer.alloc(32)
    fastify.decorate('sessions', { rules: { ...LIFETIMES, REFRESH_GRACE: 10, successorKey } } as never)
  },
  { name: 'sessions' }
)

interface Given {
  where: TestDatabase
  clock?: TestClock
  log?: Record<string, unknown>[]
  timers?: TestTimers
}

function instance(t: Test, { where, ...given }: Given): FastifyInstance {
  const environment = 'url' in where ? { DATABASE_URL: where.url, SECRET_KEY: 'x'.repeat(32) } : {}
  return assemble(t, {
    plugins: [clock, config, pg, database, rules, sessionPurge],
    config: readConfig(environment),
    unhurried: true,
    ...('pglite' in where && { pglite: where.pglite }),
    ...given
  })
}

/** Adds sessions of one user that were last used so long ago. */
async function addSessions({ pg }: FastifyInstance, count: number, seconds: number): Promise<void> {
  await pg.query(
    sql`INSERT INTO users (id, username, password_hash, created_at)
     VALUES (gen_random_uuid(), 'ada', '', now()) ON CONFLICT DO NOTHING`
  )
  await pg.query(
    sql`INSERT INTO sessions (id, user_id, family_hash, rotating_hash, created_at, last_used_at)
     SELECT gen_random_uuid(), users.id, '', '', moment, moment
     FROM users, generate_series(1, ${count}), (SELECT now() - make_interval(secs => ${seconds}) AS moment) AS clock`
  )
}

/** How many sessions are over, and how many are not. */
async function countSessions({ pg }: FastifyInstance) {
  const { rows } = await pg.query(sql`SELECT count(ended_at)::int AS over, count(*)::int AS all FROM sessions`)
  return rows[0]
}

const FIRST = 60_000
const INTERVAL = 3_600_000

test('a purge of sessions', async (t) => {
  const where = await migratedDatabase(t)
  const clock = testClock()
  const timers = testTimers()
  const log: Record<string, unknown>[] = []
  const fastify = instance(t, { where, clock, log, timers })
  await fastify.ready()
  t.beforeEach(async () => {
    await fastify.pg.query(sql`TRUNCATE sessions`)
    log.length = 0
  })

  await t.test('goes on until all have been looked at, and says how many were over', async (t) => {
    await addSessions(fastify, 1100, 3600)
    await addSessions(fastify, 10, 60)
    const { connect } = fastify.pg.pool
    let steps = 0
    fastify.pg.pool.connect = ((...given: Parameters<typeof connect>) => {
      steps += 1
      return connect.apply(fastify.pg.pool, given)
    }) as typeof connect
    await timers.pass(INTERVAL)
    fastify.pg.pool.connect = connect
    t.equal(steps, 4, 'three that find something, and one that finds no more')
    t.strictSame(await countSessions(fastify), { over: 1100, all: 1110 })
    t.strictSame(log, [{ marked: 1100, deleted: 0, msg: 'purged sessions' }])
  })

  await t.test('deletes those that have been over for long enough, and says how many', async (t) => {
    await addSessions(fastify, 600, 3600)
    await timers.pass(INTERVAL)
    clock.advance(30 * DAY)
    await addSessions(fastify, 2, 3600)
    await timers.pass(INTERVAL)
    t.strictSame(await countSessions(fastify), { over: 2, all: 2 })
    t.strictSame(log, [
      { marked: 600, deleted: 0, msg: 'purged sessions' },
      { marked: 2, deleted: 600, msg: 'purged sessions' }
    ])
  })

  await t.test('says nothing where nothing was over', async (t) => {
    await timers.pass(INTERVAL)
    await addSessions(fastify, 3, -clock.offset / 1000)
    await timers.pass(INTERVAL)
    t.strictSame(await countSessions(fastify), { over: 0, all: 3 })
    t.strictSame(log, [])
  })

  await t.test('stops between two steps when the service does, and the log has nothing of it', async (t) => {
    const own = testTimers()
    const leaving = instance(t, { where, log, timers: own })
    await leaving.ready()
    await addSessions(fastify, 1100, 3600)
    const passed = own.pass(FIRST)
    await leaving.close()
    await passed
    t.strictSame(await countSessions(fastify), { over: 500, all: 1100 })
    t.strictSame(log, [])
  })
})

test('sessions are purged', async (t) => {
  const where = await migratedDatabase(t)
  const pool = await poolOf(t, where)
  const log: Record<string, unknown>[] = []
  t.beforeEach(async () => {
    await pool.query('TRUNCATE sessions')
    log.length = 0
  })

  await t.test('a minute after the start, and each hour after that', async (t) => {
    const timers = testTimers()
    const fastify = instance(t, { where, log, timers })
    await fastify.ready()
    await addSessions(fastify, 1, 3600)
    await timers.pass(FIRST - 1)
    t.strictSame(log, [])
    for (const [index, milliseconds] of [1, INTERVAL, INTERVAL].entries()) {
      await timers.pass(milliseconds)
      t.strictSame(log[index], { marked: 1, deleted: 0, msg: 'purged sessions' })
      await addSessions(fastify, 1, 3600)
    }
    await fastify.close()
  })

  await t.test('also after a purge that failed, which the log tells', async (t) => {
    const timers = testTimers()
    const fastify = instance(t, { where, log, timers })
    await fastify.ready()
    await addSessions(fastify, 1, 3600)
    await pool.query('ALTER TABLE sessions RENAME TO mislaid')
    await timers.pass(FIRST)
    await pool.query('ALTER TABLE mislaid RENAME TO sessions')
    const [{ err, ...line } = {}] = log
    t.strictSame(line, { msg: 'could not purge sessions' })
    t.match(err, { code: '42P01' })
    await timers.pass(INTERVAL)
    t.strictSame(log[1], { marked: 1, deleted: 0, msg: 'purged sessions' })
    await fastify.close()
  })

  for (const [when, milliseconds] of [
    ['before the first time', 0],
    ['later', FIRST]
  ] as const) {
    await t.test(`never again once the service has stopped ${when}`, async (t) => {
      const timers = testTimers()
      const fastify = instance(t, { where, timers })
      await fastify.ready()
      await timers.pass(milliseconds)
      await fastify.close()
      let asked = 0
      fastify.database.open = () => {
        asked += 1
        throw new Error('the database is gone')
      }
      await timers.pass(2 * INTERVAL)
      t.equal(asked, 0)
    })
  }
})
