import { once } from 'node:events'
import type { Socket } from 'node:net'
import { mock } from 'node:test'
import pg from 'pg'
import { type Test, test } from 'tap'
import { createDatabase, isOutage, sqlState } from '../../../src/database/database.ts'
import { sql } from '../../../src/database/sql.ts'
import { Problem } from '../../../src/errors.ts'
import { refusal } from '../../helpers/app.ts'
import { caught } from '../../helpers/caught.ts'
import { emptyPool } from '../../helpers/pool.ts'
import { CLOSED_PORT, completed, handwrittenServer, refused, welcome } from '../../helpers/servers.ts'
import { stopwatch } from '../../helpers/stopwatch.ts'

const UNAVAILABLE = refusal(
  503,
  'Service Unavailable',
  'DATABASE_UNAVAILABLE',
  'The database cannot be reached; try again shortly.'
)

/** The error for the caller of an unavailable database. */
const body = async (promise: Promise<unknown>) => ((await caught(promise)) as Problem).toJSON()

/** A pool of one connection to a server. Errors of idle connections are ignored. */
function poolAt(t: Test, url: string, options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 1, ...options })
  pool.on('error', () => {})
  t.teardown(() => pool.end())
  return pool
}

/** A server that accepts clients and answers their simple queries. */
const server = (t: Test, answer: (sql: string, connection: number) => Buffer | undefined | 'hang up') =>
  handwrittenServer(t, (socket, { type, text }, connection) => {
    if (type === '') socket.write(welcome)
    if (type !== 'Q') return
    const bytes = answer(text, connection)
    if (bytes === 'hang up') socket.destroy()
    else if (bytes) socket.write(bytes)
  })

/** More than a busy machine needs for anything here, in milliseconds. */
const LONG = 30_000

/**
 * Returns which of several timers, in milliseconds, have fired when the work ends. Timers keep their order on any
 * machine.
 */
async function passed(moments: number[], work: () => Promise<unknown>): Promise<number[]> {
  const over: number[] = []
  const timers = moments.map((moment) => setTimeout(() => over.push(moment), moment))
  await work()
  for (const timer of timers) clearTimeout(timer)
  return over
}

test('a database', async (t) => {
  const pool = await emptyPool(t)
  let removed = 0
  pool.on('remove', () => removed++)
  const database = createDatabase(pool)
  await database.query(sql`CREATE TABLE words (word text UNIQUE DEFERRABLE INITIALLY DEFERRED)`)
  const words = async () =>
    (await database.query<{ word: string }>(sql`SELECT word FROM words`)).map(({ word }) => word)
  t.beforeEach(async () => {
    await database.query(sql`TRUNCATE words`)
  })

  await t.test('answers a statement with its rows', async (t) => {
    t.strictSame(await database.query(sql`SELECT ${1}::int AS number, ${"it's"}::text AS text`), [
      { number: 1, text: "it's" }
    ])
    t.strictSame(await database.query(sql`SELECT 1 AS number WHERE false`), [])
  })

  await t.test('rethrows the driver’s error of a failed statement, and keeps the connection', async (t) => {
    const before = removed
    const error = await caught(database.query(sql`SELECT 1 / 0`))
    t.strictSame([sqlState(error), error.message], ['22012', 'division by zero'])
    t.strictSame([removed - before, pool.idleCount, pool.waitingCount], [0, 1, 0])
    t.strictSame(await database.query(sql`SELECT 1 AS number`), [{ number: 1 }])
  })

  await t.test('commits a transaction whose work resolves, and returns its result', async (t) => {
    const result = await database.transact(async (transaction) => {
      await transaction.query(sql`INSERT INTO words VALUES (${'kept'})`)
      return transaction.query(sql`SELECT word FROM words`)
    })
    t.strictSame(result, [{ word: 'kept' }])
    t.strictSame(await words(), ['kept'])
  })

  await t.test('rolls back a transaction whose work throws, and keeps the connection', async (t) => {
    const before = removed
    const reason = new Error('a reason of its own')
    const error = await caught(
      database.transact(async (transaction) => {
        await transaction.query(sql`INSERT INTO words VALUES (${'given up'})`)
        throw reason
      })
    )
    t.equal(error, reason)
    t.strictSame(await words(), [])
    t.strictSame([removed - before, pool.idleCount], [0, 1])
  })

  await t.test('rolls back a transaction with a failed statement, and keeps the connection', async (t) => {
    const before = removed
    const error = await caught(
      database.transact(async (transaction) => {
        await transaction.query(sql`INSERT INTO words VALUES (${'given up'})`)
        await transaction.query(sql`SELECT 1 / 0`)
      })
    )
    t.equal(error.code, '22012')
    t.strictSame(await words(), [])
    t.strictSame([removed - before, pool.idleCount], [0, 1])
  })

  await t.test('rolls back a transaction that fails at its commit', async (t) => {
    const error = await caught(
      database.transact((transaction) => transaction.query(sql`INSERT INTO words VALUES ('twice'), ('twice')`))
    )
    t.equal(error.code, '23505')
    t.strictSame(await words(), [])
  })

  await t.test(
    'never claims to have committed what PostgreSQL took back since its work ignored an error',
    async (t) => {
      const error = await caught(
        database.transact(async (transaction) => {
          await transaction.query(sql`INSERT INTO words VALUES (${'lost'})`)
          await caught(transaction.query(sql`SELECT 1 / 0`))
        })
      )
      t.equal(error.message, 'a transaction was continued after one of its statements had failed')
      t.strictSame(await words(), [])
      t.strictSame(await database.query(sql`SELECT 1 AS number`), [{ number: 1 }])
    }
  )

  await t.test('joins a transaction within a transaction to the one around it', async (t) => {
    await caught(
      database.transact(async (outer) => {
        await outer.transact((inner) => inner.query(sql`INSERT INTO words VALUES (${'inner'})`))
        throw new Error('the outer one fails')
      })
    )
    t.strictSame(await words(), [])
    await database.transact((outer) =>
      outer.transact((inner) => inner.query(sql`INSERT INTO words VALUES (${'inner'})`))
    )
    t.strictSame(await words(), ['inner'])
  })
})

test('an unavailable database', async (t) => {
  await t.test('is reported if nothing listens, with the cause for the log', async (t) => {
    const pool = poolAt(t, `postgres://127.0.0.1:${CLOSED_PORT}/latchkey`)
    const error = (await caught(createDatabase(pool).query(sql`SELECT 1`))) as Problem
    t.strictSame(error.toJSON(), UNAVAILABLE)
    t.strictSame(error.headers, { 'retry-after': '2' })
    t.equal((error.cause as NodeJS.ErrnoException).code, 'ECONNREFUSED')
  })

  await t.test('is reported if it accepts a connection and never answers', async (t) => {
    const sockets: Socket[] = []
    const pool = poolAt(t, await handwrittenServer(t, (socket) => sockets.push(socket)))
    const database = createDatabase(pool, { timeout: 50 })
    const first = async () => t.strictSame(await body(database.query(sql`SELECT 1`)), UNAVAILABLE)
    t.strictSame(await passed([45, LONG], first), [45], 'after its timeout')
    const second = async () =>
      t.strictSame(await body(database.transact((transaction) => transaction.query(sql`SELECT 1`))), UNAVAILABLE)
    t.strictSame(await passed([LONG], second), [], 'at once when the timeout is over')
    // The pool waits for its connections to end.
    for (const socket of sockets) socket.destroy()
  })

  await t.test('ignores a connection that fails after its caller has given up', async (t) => {
    const unheard: unknown[] = []
    const listener = (error: unknown) => unheard.push(error)
    process.on('unhandledRejection', listener)
    t.teardown(() => process.off('unhandledRejection', listener))
    let over: Promise<unknown> = Promise.resolve()
    const url = await handwrittenServer(t, (socket) => {
      over = once(socket, 'close')
    })
    const pool = poolAt(t, url, { connectionTimeoutMillis: 150 })
    t.strictSame(await body(createDatabase(pool, { timeout: 50 }).query(sql`SELECT 1`)), UNAVAILABLE)
    await over
    await new Promise(setImmediate)
    t.strictSame([unheard, pool.totalCount, pool.waitingCount], [[], 0, 0])
  })

  await t.test('releases a connection that opens after its caller has given up', async (t) => {
    const pool = poolAt(t, await server(t, () => completed('SELECT 0')))
    const holder = await pool.connect()
    t.strictSame(await body(createDatabase(pool, { timeout: 50 }).query(sql`SELECT 1`)), UNAVAILABLE)
    t.equal(pool.waitingCount, 1)
    holder.release()
    t.strictSame(await createDatabase(pool, { timeout: 60_000 }).query(sql`SELECT 1`), [])
    t.strictSame([pool.totalCount, pool.idleCount, pool.waitingCount], [1, 1, 0])
  })
})

test('a database with too many waiting callers refuses the next at once', async (t) => {
  const pool = poolAt(t, await server(t, () => completed('SELECT 0')))
  const holder = await pool.connect()
  const waiting = Array.from({ length: 1000 }, () => createDatabase(pool, { timeout: 60_000 }).query(sql`SELECT 1`))
  await new Promise(setImmediate)
  t.strictSame(await body(createDatabase(pool, { timeout: 60_000 }).query(sql`SELECT 1`)), UNAVAILABLE)
  holder.release()
  t.equal((await Promise.all(waiting)).length, 1000)
  t.strictSame(await createDatabase(pool).query(sql`SELECT 1`), [])
})

test('the timeout of a database', async (t) => {
  await t.test('is shared by all its calls, without the time between them', async (t) => {
    const pass = stopwatch(t)
    const pool = poolAt(
      t,
      await server(t, (sql) => {
        if (sql === 'SELECT never') return undefined
        pass(59_900)
        return completed('SELECT 0')
      })
    )
    const database = createDatabase(pool, { timeout: 60_000 })
    t.strictSame(await database.query(sql`SELECT slowly`), [])
    pass(60_000)
    const rest = async () => t.strictSame(await body(database.query(sql`SELECT never`)), UNAVAILABLE)
    t.strictSame(await passed([95, LONG], rest), [95], 'a tenth of a second was left')
  })

  await t.test('is shared by the statements of a transaction too', async (t) => {
    const pass = stopwatch(t)
    const asked: string[] = []
    const pool = poolAt(
      t,
      await server(t, (sql) => {
        asked.push(sql)
        if (sql === 'SELECT never') return undefined
        pass(29_950)
        return completed(sql)
      })
    )
    const database = createDatabase(pool, { timeout: 60_000 })
    const all = async () => {
      const promise = database.transact(async (transaction) => {
        await transaction.query(sql`SELECT slowly`)
        pass(60_000)
        await transaction.query(sql`SELECT never`)
      })
      t.strictSame(await body(promise), UNAVAILABLE)
    }
    t.strictSame(await passed([95, LONG], all), [95], 'a tenth of a second was left')
    t.strictSame(asked, ['BEGIN ISOLATION LEVEL READ COMMITTED', 'SELECT slowly', 'SELECT never'])
  })

  await t.test('includes the wait for a shared result', async (t) => {
    const pass = stopwatch(t)
    const pool = poolAt(t, await server(t, () => undefined))
    const database = createDatabase(pool, { timeout: 60_000 })
    const asked = Promise.resolve().then(() => {
      pass(59_900)
      return 'an answer'
    })
    t.equal(await database.awaitShared(asked), 'an answer')
    const failure = new Problem('DATABASE_UNAVAILABLE')
    t.equal(await caught(database.awaitShared(Promise.reject(failure))), failure)
    const never = new Promise(() => {})
    const rest = async () => t.strictSame(await body(database.awaitShared(never)), UNAVAILABLE)
    t.strictSame(await passed([95, LONG], rest), [95], 'a tenth of a second was left')
  })

  await t.test('is one for all connections', async (t) => {
    const pass = stopwatch(t)
    const pool = poolAt(
      t,
      await server(t, (sql) => {
        if (sql === 'SELECT never') return undefined
        pass(29_950)
        return completed(sql)
      })
    )
    const database = createDatabase(pool, { timeout: 60_000 })
    await database.query(sql`SELECT slowly`)
    await database.through(pool).query(sql`SELECT slowly`)
    const rest = async () => t.strictSame(await body(database.through(pool).query(sql`SELECT never`)), UNAVAILABLE)
    t.strictSame(await passed([95, LONG], rest), [95], 'a tenth of a second was left')
  })

  await t.test('is five seconds by default', async (t) => {
    const pass = stopwatch(t)
    const pool = poolAt(
      t,
      await server(t, (sql) => {
        if (sql === 'SELECT never') return undefined
        pass(4950)
        return completed('SELECT 0')
      })
    )
    const database = createDatabase(pool)
    await database.query(sql`SELECT slowly`)
    const rest = async () => t.strictSame(await body(database.query(sql`SELECT never`)), UNAVAILABLE)
    t.strictSame(await passed([45, LONG], rest), [45], 'fifty milliseconds were left')
  })
})

test('a failed connection is closed, and the pool continues with another', async (t) => {
  const failures: Record<string, (sql: string) => Buffer | undefined | 'hang up'> = {
    'a statement that is never answered': () => undefined,
    'a connection that is cut': () => 'hang up',
    'a server that shuts down': () => refused('57P01', 'terminating connection due to administrator command')
  }
  for (const [what, fail] of Object.entries(failures)) {
    await t.test(what, async (t) => {
      const pool = poolAt(
        t,
        await server(t, (sql, connection) => (connection === 1 ? fail(sql) : completed('SELECT 0')))
      )
      // A connection that is open already: to open one counts too.
      ;(await pool.connect()).release()
      const gone = once(pool, 'remove')
      t.strictSame(await body(createDatabase(pool, { timeout: 100 }).query(sql`SELECT 1`)), UNAVAILABLE)
      await gone
      t.equal(pool.totalCount, 0)
      t.strictSame(await createDatabase(pool, { timeout: 60_000 }).query(sql`SELECT 1`), [])
    })
  }

  await t.test('a connection that is cut between two statements of a transaction', async (t) => {
    const sockets: Socket[] = []
    const url = await handwrittenServer(t, (socket, { type, text }, connection) => {
      sockets[connection] = socket
      if (type === '') socket.write(welcome)
      if (type === 'Q') socket.write(completed(text))
    })
    const pool = poolAt(t, url)
    const acquired = once(pool, 'acquire')
    const promise = createDatabase(pool, { timeout: 60_000 }).transact(async (transaction) => {
      const [client] = await acquired
      const ended = new Promise((resolve) => client.once('end', resolve))
      sockets[1]?.destroy()
      await ended
      await transaction.query(sql`SELECT 1`)
    })
    t.strictSame(await body(promise), UNAVAILABLE)
    t.strictSame(await createDatabase(pool, { timeout: 60_000 }).query(sql`SELECT 1`), [])
    t.equal(sockets.length - 1, 2)
  })

  await t.test('a transaction whose work replaces the error of the outage', async (t) => {
    const pass = stopwatch(t)
    const pool = poolAt(
      t,
      await server(t, (sql, connection) => (connection === 1 && sql === 'SELECT never' ? undefined : completed(sql)))
    )
    const reason = new Error('something else')
    const error = await caught(
      createDatabase(pool, { timeout: 60_000 }).transact(async (transaction) => {
        const late = transaction.query(sql`SELECT slowly`)
        pass(59_950)
        await late
        await caught(transaction.query(sql`SELECT never`))
        throw reason
      })
    )
    t.equal(error, reason)
    t.equal(pool.idleCount, 0)
    t.strictSame(await createDatabase(pool, { timeout: 60_000 }).query(sql`SELECT 1`), [])
  })

  await t.test('a transaction that fails, and whose rollback is never answered', async (t) => {
    const pass = stopwatch(t)
    const pool = poolAt(
      t,
      await server(t, (sql, connection) => {
        if (connection === 1 && sql === 'ROLLBACK') return undefined
        if (sql !== 'SELECT refused') return completed(sql)
        pass(59_950)
        return refused('23505', 'duplicate key')
      })
    )
    const error = await caught(
      createDatabase(pool, { timeout: 60_000 }).transact((transaction) => transaction.query(sql`SELECT refused`))
    )
    t.equal(error.code, '23505')
    t.equal(pool.idleCount, 0)
    t.strictSame(await createDatabase(pool, { timeout: 60_000 }).query(sql`SELECT 1`), [])
  })
})

/** An error of the driver for an ErrorResponse of the server. */
const answered = (code: string) => Object.assign(new Error('what the server says'), { severity: 'ERROR', code })

test('an outage is an error that is not the statement’s fault', async (t) => {
  const table: [what: string, error: unknown, outage: boolean][] = [
    ['a network fault', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), true],
    ['a time-out of the driver', new Error('Query read timeout'), true],
    ['08006 connection failure', answered('08006'), true],
    ['28P01 wrong password', answered('28P01'), true],
    ['3D000 no such database', answered('3D000'), true],
    ['40001 serialisation failure', answered('40001'), true],
    ['40P01 deadlock', answered('40P01'), true],
    ['53300 out of connections', answered('53300'), true],
    ['57014 query cancelled', answered('57014'), true],
    ['57P01 shutting down', answered('57P01'), true],
    ['58030 disk fault', answered('58030'), true],
    ['25006 read-only', answered('25006'), true],
    ['25P03 an idle transaction', answered('25P03'), true],
    ['25P04 a long transaction', answered('25P04'), true],
    ['55P03 a lock', answered('55P03'), true],
    ['25P02 failed transaction', answered('25P02'), false],
    ['22P02 not the text of its type', answered('22P02'), false],
    ['23505 unique violation', answered('23505'), false],
    ['42P01 no such table', answered('42P01'), false],
    ['XX000 a fault inside the server', answered('XX000'), false],
    ['a refusal of our own', new Problem('ACCOUNT_EXISTS'), false],
    ['a fault in our own code', new TypeError('undefined is not a function'), false],
    ['what is no error', 'ECONNREFUSED', false],
    ['nothing', undefined, false]
  ]
  for (const [what, error, outage] of table) t.equal(isOutage(error), outage, what)
})

test('the SQLSTATE of an error is the server’s alone', async (t) => {
  t.equal(sqlState(answered('23505')), '23505')
  t.equal(sqlState(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })), undefined)
  t.equal(sqlState(Object.assign(new Error('half'), { severity: 'ERROR' })), undefined)
  t.equal(sqlState({ severity: 'ERROR', code: '23505' }), undefined)
})

test('a text that the encoding of the database cannot represent is refused, and the connection stays', async (t) => {
  const pool = poolAt(t, await server(t, () => refused('22P05', 'character has no equivalent in encoding "LATIN2"')))
  const error = (await caught(createDatabase(pool).query(sql`SELECT 1`))) as Problem
  t.strictSame([error.code, error.statusCode], ['MALFORMED_REQUEST', 400])
  t.equal(pool.totalCount, 1)
})

test('a single statement that conflicts with another', async (t) => {
  for (const state of ['40001', '40P01']) {
    await t.test(`is run again on its connection after ${state}`, async (t) => {
      let asked = 0
      const url = await server(t, () =>
        ++asked < 4 ? refused(state, 'could not serialize access') : completed('SELECT 0')
      )
      const pool = poolAt(t, url)
      t.strictSame(await createDatabase(pool, { timeout: 60_000 }).query(sql`SELECT 1`), [])
      t.strictSame([asked, pool.totalCount], [4, 1])
    })
  }

  await t.test('is given up at the deadline, and the connection stays open', async (t) => {
    let now = 0
    const mocked = mock.method(performance, 'now', () => now)
    t.teardown(() => mocked.mock.restore())
    const url = await server(t, () => {
      now += 30_000
      return refused('40001', 'could not serialize access')
    })
    const pool = poolAt(t, url)
    t.strictSame(await body(createDatabase(pool, { timeout: 60_000 }).query(sql`SELECT 1`)), UNAVAILABLE)
    t.strictSame([now, pool.totalCount], [60_000, 1])
  })

  await t.test('fails in a transaction, which sets its isolation level', async (t) => {
    const asked: string[] = []
    const url = await server(t, (text) => {
      asked.push(text)
      return text === 'SELECT 1' ? refused('40P01', 'deadlock detected') : completed(text.split(' ', 1).join())
    })
    const database = createDatabase(poolAt(t, url), { timeout: 60_000 })
    t.strictSame(await body(database.transact((transaction) => transaction.query(sql`SELECT 1`))), UNAVAILABLE)
    t.strictSame(asked, ['BEGIN ISOLATION LEVEL READ COMMITTED', 'SELECT 1', 'ROLLBACK'])
  })
})
