import { readdirSync } from 'node:fs'
import { mock } from 'node:test'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import { type Test, test } from 'tap'
import config from '../../../plugins/config.ts'
import pg from '../../../plugins/database/pg.ts'
import type { AppOptions } from '../../../src/app-options.ts'
import { readConfig } from '../../../src/config/config.ts'
import { FolderLocked } from '../../../src/database/folder-lock.ts'
import { DatabaseRefusal } from '../../../src/database/postgres.ts'
import { sql } from '../../../src/database/sql.ts'
import { assemble } from '../../helpers/assemble.ts'
import { caught } from '../../helpers/caught.ts'
import { configured, embeddedDatabase, emptyDatabase } from '../../helpers/database.ts'
import { migratedPool } from '../../helpers/pool.ts'
import { handwrittenServer, proxyTo, refusingServer, serverOver, turnedAway, welcome } from '../../helpers/servers.ts'

type Log = Record<string, unknown>[]

const SECRET_KEY = 'only for tests, and long enough to be one'

const FILES = readdirSync(new URL('../../../sql/', import.meta.url)).sort()
const MIGRATED = [
  {
    migrations: FILES.length,
    newest: FILES.at(-1)?.replace(/^0*(\d+)\.do\.(.+)\.sql$/, '$1 $2'),
    msg: 'migrated the database'
  }
]

/** An application with a database alone. */
function start(t: Test, environment: Record<string, string>, log: Log = [], given: AppOptions = {}): FastifyInstance {
  return assemble(t, { plugins: [config, pg], config: readConfig({ SECRET_KEY, ...environment }), log, ...given })
}

/** The URL of an empty database on a server. */
async function emptyServer(t: Test): Promise<string> {
  const database = await emptyDatabase(t)
  return 'url' in database ? database.url : serverOver(t, database.pglite)
}

/** What the start of an application fails with. */
const failure = (fastify: FastifyInstance) => caught(fastify.ready() as unknown as Promise<unknown>)

const one = async (fastify: FastifyInstance) => (await fastify.pg.query(sql`SELECT 1 AS number`)).rows
const ONE = [{ number: 1 }]

/** Resolves when a line of the log has a message; on the turns of the event loop, whatever timers do. */
async function logged(log: Log, message: string): Promise<Record<string, unknown>> {
  for (;;) {
    const line = log.find(({ msg }) => msg === message)
    if (line) return line
    await new Promise(setImmediate)
  }
}

test('a server that cannot be used as it is set', async (t) => {
  const refused: [name: string, value: string, message: RegExp][] = [
    ['default_transaction_read_only', 'on', /^The database \S+ is read-only: .* set DATABASE_URL to the primary\.$/],
    ['search_path', 'nowhere', /the search_path of the role is 'nowhere', which names no schema that it may use\./]
  ]
  for (const [name, value, message] of refused) {
    await t.test(`by ${name}`, async (t) => {
      const database = await configured(await emptyDatabase(t), name, value)
      const DATABASE_URL = 'url' in database ? database.url : await serverOver(t, database.pglite)
      t.match(await failure(start(t, { DATABASE_URL })), { name: 'DatabaseRefusal', message })
    })
  }
})

test('a pool of another application', async (t) => {
  const pool = await migratedPool(t)
  await t.test('is used, and left open', async (t) => {
    const fastify = start(t, {}, [], { pool })
    await fastify.ready()
    t.strictSame(await one(fastify), ONE)
    await fastify.close()
    t.strictSame((await pool.query('SELECT 1 AS number')).rows, ONE)
  })

  await t.test('must have the settings that our SQL relies on', async (t) => {
    const settings = { zone: 'UTC', style: 'ISO, MDY', strings: 'on' }
    const answering = (row: object) => ({ on() {}, off() {}, query: async () => ({ rows: [row] }) }) as unknown as Pool
    for (const odd of [{ zone: 'Europe/Berlin' }, { style: 'SQL, DMY' }, { strings: 'off' }]) {
      const error = await failure(start(t, {}, [], { pool: answering({ ...settings, ...odd }) }))
      t.match(error, {
        name: 'DatabaseRefusal',
        message: /^The pool cannot be used: .* or pass databaseUrl instead\.$/
      })
    }
  })
})

test('the schema of DATABASE_SCHEMA is created, or a proxy that ignores the search_path is reported', async (t) => {
  const DATABASE_URL = await emptyServer(t)
  const fastify = start(t, { DATABASE_URL, DATABASE_SCHEMA: 'auth' })
  // The embedded database behind a port takes no settings of connections.
  if (process.env.TEST_DATABASE_URL === undefined) {
    return t.match(await failure(fastify), {
      name: 'MigrationError',
      message: /^The connections use the schema public, not auth/
    })
  }
  await fastify.ready()
  const { rows } = await fastify.pg.query("SELECT schemaname::text AS schema FROM pg_tables WHERE tablename = 'mails'")
  return t.strictSame(rows, [{ schema: 'auth' }])
})

test('the server of DATABASE_URL', async (t) => {
  const url = await emptyServer(t)

  await t.test('is waited for while it starts, and migrated', async (t) => {
    const log: Log = []
    const proxy = await proxyTo(t, url, turnedAway('57P03', 'the database system is starting up'))
    const fastify = start(t, { DATABASE_URL: proxy.url, DATABASE_POOL: '1' }, log)
    await fastify.ready()
    const { host, pathname } = new URL(proxy.url)
    const reason = 'the database system is starting up'
    t.strictSame(log, [{ database: `${host}${pathname}`, reason, msg: 'waiting for the database' }, ...MIGRATED])
    t.strictSame(await one(fastify), ONE)
    t.equal(fastify.pg.pool.options.max, 1)
    await fastify.close()
  })

  await t.test('is not migrated again', async (t) => {
    const log: Log = []
    const fastify = start(t, { DATABASE_URL: url, DATABASE_POOL: '1' }, log)
    await fastify.ready()
    t.strictSame(log, [])
    await fastify.close()
  })

  await t.test('may end idle connections: the log tells it, and the next query has another', async (t) => {
    const log: Log = []
    const proxy = await proxyTo(t, url)
    const fastify = start(t, { DATABASE_URL: proxy.url, DATABASE_POOL: '1' }, log)
    await fastify.ready()
    t.equal(fastify.pg.pool.idleCount, 1)
    proxy.cut()
    const line = await logged(log, 'lost an idle connection to the database')
    t.match(line.err, { message: 'Connection terminated unexpectedly' })
    t.strictSame(await one(fastify), ONE)
    await fastify.close()
  })
})

test('a server that refuses ends the start at once, and nothing shows the password', async (t) => {
  const log: Log = []
  const url = await refusingServer(t, '28P01', 'password authentication failed for user "ada"')
  const error = await failure(start(t, { DATABASE_URL: url }, log))
  t.ok(error instanceof DatabaseRefusal)
  t.equal(
    error.message,
    `The database ${new URL(url).host}/latchkey cannot be used: it refuses: password authentication failed for user "ada"`
  )
  t.strictSame(log, [])
})

test('a server that lets clients in and then stays silent is asked again after five seconds', async (t) => {
  const log: Log = []
  let asked = () => {}
  const question = new Promise<void>((resolve) => {
    asked = resolve
  })
  const url = await handwrittenServer(t, (socket, { type, text }, connection) => {
    if (connection > 1) socket.end(turnedAway('3D000', 'database "latchkey" does not exist'))
    else if (type === '') socket.write(welcome)
    else if (text === 'SELECT 1') asked()
  })
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const failed = failure(start(t, { DATABASE_URL: url }, log))
  await question
  mock.timers.tick(4999)
  t.strictSame(log, [])
  mock.timers.tick(1)
  await logged(log, 'waiting for the database')
  mock.timers.reset()
  const database = `${new URL(url).host}/latchkey`
  t.equal(
    (await failed).message,
    `The database ${database} cannot be used: it refuses: database "latchkey" does not exist`
  )
  t.strictSame(log, [{ database, reason: 'Query read timeout', msg: 'waiting for the database' }])
})

test('the embedded database', async (t) => {
  await t.test('is the one that is given, which stays open', async (t) => {
    const log: Log = []
    const { pglite } = await embeddedDatabase(t, { migrated: false })
    const fastify = start(t, {}, log, { pglite })
    await fastify.ready()
    t.strictSame(log, MIGRATED)
    t.strictSame(await one(fastify), ONE)
    await fastify.close()
    t.strictSame((await pglite.query('SELECT 1 AS number')).rows, ONE)
  })

  await t.test('is otherwise the one in DATA_DIR, for one process at a time', async (t) => {
    const DATA_DIR = t.testdir()
    const log: Log = []
    const first = start(t, { DATA_DIR }, log)
    await first.ready()
    const msg =
      'using the embedded database, which is for one process and small: set DATABASE_URL to use a PostgreSQL server'
    t.strictSame(log, [{ folder: DATA_DIR, msg }, ...MIGRATED])
    await first.pg.query(sql`CREATE TABLE words AS SELECT 'kept' AS word`)

    t.ok((await failure(start(t, { DATA_DIR }))) instanceof FolderLocked)
    t.strictSame(await one(first), ONE)

    await first.close()
    t.strictSame(readdirSync(DATA_DIR), ['postgres'], 'the folder is given back')
    const again: Log = []
    const second = start(t, { DATA_DIR }, again)
    await second.ready()
    t.strictSame((await second.pg.query(sql`SELECT word FROM words`)).rows, [{ word: 'kept' }])
    t.strictSame(again, [{ folder: DATA_DIR, msg }])
    await second.close()
  })
})
