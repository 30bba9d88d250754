import pg from 'pg'
import { type Test, test } from 'tap'
import { createBulkhead } from '../../../src/database/bulkhead.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import type { Problem } from '../../../src/errors.ts'
import { caught } from '../../helpers/caught.ts'
import { CLOSED_PORT, completed, handwrittenServer, welcome } from '../../helpers/servers.ts'
import { holdMoments } from '../../helpers/too-long.ts'

/** A pool of three connections to a server. */
async function poolOfThree(t: Test): Promise<pg.Pool> {
  const connectionString = await handwrittenServer(t, (socket, { type }) => {
    if (type === '') socket.write(welcome)
    if (type === 'Q') socket.write(completed('SELECT 0'))
  })
  const pool = new pg.Pool({ connectionString, max: 3 })
  pool.on('error', () => {})
  t.teardown(() => pool.end())
  return pool
}

/** The connections so far, in order. */
function noting() {
  const connected: string[] = []
  const note = async (name: string, connection: Promise<pg.PoolClient>) => {
    const client = await connection
    connected.push(name)
    return client
  }
  return { connected, note }
}

test('a bulkhead in a pool', async (t) => {
  await t.test('holds a limited number of connections, and leaves the others to the rest', async (t) => {
    holdMoments(t)
    const pool = await poolOfThree(t)
    const share = createBulkhead(pool, 2)
    const { connected, note } = noting()
    const [first, second, third, fourth] = ['first', 'second', 'third', 'fourth'].map((name) =>
      note(name, share.connect())
    ) as [Promise<pg.PoolClient>, Promise<pg.PoolClient>, Promise<pg.PoolClient>, Promise<pg.PoolClient>]
    const rest = await note('of the rest', pool.connect())
    await Promise.all([first, second])
    t.strictSame([new Set(connected.splice(0)), share.waitingCount], [new Set(['first', 'second', 'of the rest']), 2])

    rest.release()
    await new Promise(setImmediate)
    t.strictSame([connected, share.waitingCount], [[], 2], 'a connection of the rest is none of the share')

    ;(await first).release()
    const held = await third
    t.strictSame([connected.splice(0), share.waitingCount], [['third'], 1])
    held.release(new Error('which has failed'))
    ;(await fourth).release()
    t.strictSame([connected, share.waitingCount], [['fourth'], 0])
    ;(await second).release()
  })

  await t.test('counts no connection that is held for too long', async (t) => {
    const tooLong = holdMoments(t)
    const pool = await poolOfThree(t)
    const share = createBulkhead(pool, 1)
    const hanging = await share.connect()
    const next = share.connect()
    await new Promise(setImmediate)
    t.equal(share.waitingCount, 1)
    tooLong()
    const client = await next
    t.strictSame([share.waitingCount, pool.totalCount], [0, 2])
    hanging.release()
    const last = share.connect()
    await new Promise(setImmediate)
    t.equal(share.waitingCount, 1, 'nor does its release make a second place')
    client.release()
    ;(await last).release()
  })

  await t.test('counts no connection that failed', async (t) => {
    const pool = new pg.Pool({ host: '127.0.0.1', port: CLOSED_PORT })
    t.teardown(() => pool.end())
    const share = createBulkhead(pool, 1)
    const errors = await Promise.all([caught(share.connect()), caught(share.connect())])
    t.strictSame(
      errors.map(({ code }) => code),
      ['ECONNREFUSED', 'ECONNREFUSED']
    )
    t.equal(share.waitingCount, 0)
  })

  await t.test('counts no connection that the driver rejects', async (t) => {
    const pool = new pg.Pool()
    t.teardown(() => pool.end())
    Object.assign(pool, {
      connect() {
        throw new Error('the file of the certificate is away')
      }
    })
    const share = createBulkhead(pool, 1)
    for (const error of [await caught(share.connect()), await caught(share.connect())]) {
      t.equal(error.message, 'the file of the certificate is away')
    }
  })

  await t.test('counts a connection once it is open', async (t) => {
    const tooLong = holdMoments(t)
    const pool = await poolOfThree(t)
    const rest = await Promise.all([pool.connect(), pool.connect(), pool.connect()])
    const share = createBulkhead(pool, 1)
    const waiting = [share.connect(), share.connect()]
    await new Promise(setImmediate)
    tooLong()
    await new Promise(setImmediate)
    t.strictSame([share.waitingCount, pool.waitingCount], [2, 1], 'one waits in the queue of the pool')
    for (const client of rest) client.release()
    for (const connection of waiting) (await connection).release()
    t.equal(share.waitingCount, 0)
  })

  await t.test('is waited for until the deadline of the database', async (t) => {
    holdMoments(t)
    const pool = await poolOfThree(t)
    const share = createBulkhead(pool, 1)
    const database = createDatabase(pool).through(share)
    t.strictSame(await database.query(sql`SELECT quickly`), [])
    t.strictSame(await database.transact(async () => 'a result'), 'a result')
    const held = await share.connect()
    const late = (await caught(
      createDatabase(pool, { timeout: 60 }).through(share).query(sql`SELECT quickly`)
    )) as Problem
    t.strictSame(
      [late.code, (late.cause as Error).message],
      ['DATABASE_UNAVAILABLE', 'no connection to the database in time']
    )
    held.release()
    t.strictSame(await database.query(sql`SELECT quickly`), [], 'the place is free again')
  })
})
