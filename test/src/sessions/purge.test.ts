import { test } from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase, type Database } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { purgeSessions, RETENTION } from '../../../src/sessions/purge.ts'
import { type LiveSession, openSession } from '../../../src/sessions/sessions.ts'
import { addUser } from '../../../src/users/users.ts'
import { testClock } from '../../helpers/app.ts'
import { migratedPool } from '../../helpers/pool.ts'

const CONFIG = readConfig({ REFRESH_IDLE_TTL: '3600', REFRESH_MAX_TTL: '7200' })
const HASH = 'what bcrypt made of the password'
const DAY = 86_400

test('a purge', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  const { id: user } = await addUser(database, { username: 'ada', passwordHash: HASH })
  const credentials = { id: user, username: 'ada', password_hash: HASH, password_version: 1 }
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE sessions`)
  })

  function prepare() {
    const clock = testClock()
    const database = createDatabase(pool, { clock, timeout: 60_000 })
    return {
      clock,
      database,
      begin: async () => {
        const opened = await openSession(database, CONFIG, credentials, { userAgent: undefined, ip: '::1' })
        return (opened as LiveSession).refreshToken.session
      },
      purge: (after?: string, batch?: number) => purgeSessions(database, CONFIG, after, batch)
    }
  }
  const left = async () =>
    (await database.query(sql`SELECT id, end_reason AS reason FROM sessions ORDER BY id`)).map(({ id, reason }) => [
      id,
      reason
    ])

  await t.test('without sessions does nothing', async (t) => {
    t.strictSame(await prepare().purge(), { last: undefined, marked: 0, deleted: 0 })
  })

  await t.test('marks expired sessions with the reason, and leaves active ones', async (t) => {
    const { clock, begin, purge } = prepare()
    // UUIDs of the same millisecond have no order.
    const ids = [await begin(), await begin(), await begin()].sort() as [string, string, string]
    const started = (id: string, seconds: number, used: number) =>
      database.query(
        sql`UPDATE sessions SET created_at = now() - make_interval(secs => ${seconds}),
           last_used_at = now() - make_interval(secs => ${used})
         WHERE id = ${id}`
      )
    await started(ids[0], 7200, 10)
    await started(ids[1], 5000, 3600)
    await started(ids[2], 5000, 10)
    const step = await purge()
    t.strictSame(step, { last: ids[2], marked: 2, deleted: 0 })
    t.strictSame(await left(), [
      [ids[0], 'expired'],
      [ids[1], 'idle'],
      [ids[2], null]
    ])
    t.strictSame(await purge(step.last), { last: undefined, marked: 0, deleted: 0 }, 'and is done')
    clock.advance(60)
    t.strictSame(await purge(), { last: ids[2], marked: 0, deleted: 0 }, 'nothing is marked twice')
  })

  await t.test('deletes sessions that ended 30 days ago', async (t) => {
    const { clock, begin, purge } = prepare()
    const id = await begin()
    clock.advance(3600)
    await purge()
    clock.advance(30 * DAY - 60)
    t.strictSame(await purge(), { last: id, marked: 0, deleted: 0 })
    t.strictSame(await left(), [[id, 'idle']])
    clock.advance(60)
    t.strictSame(await purge(), { last: id, marked: 0, deleted: 1 })
    t.strictSame(await left(), [])
    t.equal(RETENTION, 30 * DAY)
  })

  await t.test('continues where the previous step stopped', async (t) => {
    const { clock, begin, purge } = prepare()
    const ids = [await begin(), await begin(), await begin()].sort()
    clock.advance(3600)
    const first = await purge(undefined, 2)
    t.strictSame(first, { last: ids[1], marked: 2, deleted: 0 })
    t.strictSame(await purge(first.last, 2), { last: ids[2], marked: 1, deleted: 0 })
  })

  await t.test('does nothing while another instance purges', async (t) => {
    const { clock, database, begin, purge } = prepare()
    const id = await begin()
    clock.advance(3600)
    const release = await hold(database)
    t.strictSame(await purge(), { last: undefined, marked: 0, deleted: 0 })
    await release()
    t.strictSame(await left(), [[id, null]])
    t.strictSame(await purge(), { last: id, marked: 1, deleted: 0 })
  })

  /** Takes the lock on another connection; the embedded database has only one, and a fake reports the lock as taken. */
  async function hold(database: Database): Promise<() => Promise<unknown>> {
    if (process.env.TEST_DATABASE_URL) {
      const other = await pool.connect()
      await other.query('BEGIN')
      await other.query('SELECT pg_advisory_xact_lock($1)', [0x70757267])
      return () => other.query('COMMIT').finally(() => other.release())
    }
    const { transact } = database
    const taken: Database = {
      ...database,
      query: async () => [{ held: false }] as never,
      transact: (work) => work(taken)
    }
    database.transact = taken.transact
    return async () => {
      database.transact = transact
    }
  }
})
