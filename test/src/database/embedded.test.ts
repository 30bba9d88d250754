import fs, {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import type pg from 'pg'
import { type Test, test } from 'tap'
import { EmbeddedDatabaseError, embeddedDriver, openEmbedded } from '../../../src/database/embedded.ts'
import { FolderLocked } from '../../../src/database/folder-lock.ts'
import { caught } from '../../helpers/caught.ts'
import { embeddedDatabase, fillDataFolder } from '../../helpers/database.ts'

/** The files in a folder that other users can read or change. */
const openToOthers = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => statSync(join(folder, path)).mode & 0o077)

/** As the entrances of the service do: files of this process are for its user alone. */
function keepFilesPrivate(t: Test): void {
  const before = process.umask(0o077)
  t.teardown(() => process.umask(before))
}

test('the embedded database of a folder', async (t) => {
  keepFilesPrivate(t)
  const folder = join(t.testdir(), 'not', 'there', 'yet')
  const { database, close } = await openEmbedded(folder)

  await t.test('creates the folder, private to its owner', async (t) => {
    t.equal(statSync(folder).mode & 0o777, 0o700)
    t.strictSame(readdirSync(folder).sort(), ['lock', 'postgres'])
    t.strictSame(openToOthers(join(folder, 'postgres')), [], 'and all that is in it')
    t.equal(readFileSync(join(folder, 'postgres', 'PG_VERSION'), 'utf8'), '18\n')
  })

  await t.test('locks out other processes', async (t) => {
    const error = await caught(openEmbedded(folder))
    t.ok(error instanceof FolderLocked)
    t.match(error.message, `${folder} is in use by process ${process.pid}`)
    t.ok(existsSync(join(folder, 'lock')), 'and the lock stays')
  })

  await t.test('keeps its rows when it is closed and opened again', async (t) => {
    await database.exec("CREATE TABLE words (word text); INSERT INTO words VALUES ('kept')")
    await close()
    t.strictSame(readdirSync(folder), ['postgres'], 'the folder is given back')
    const again = await openEmbedded(folder)
    const { rows } = await again.database.query('SELECT word FROM words')
    await again.close()
    t.strictSame(rows, [{ word: 'kept' }])
  })
})

test('an embedded database whose creation was interrupted is created again', async (t) => {
  const folder = t.testdir({ 'postgres.new': { PG_VERSION: '18', base: {} } })
  const { database, close } = await openEmbedded(folder)
  const { rows } = await database.query('SELECT 1 AS number')
  await close()
  t.strictSame(rows, [{ number: 1 }])
  t.strictSame(readdirSync(folder), ['postgres'])
})

test('the target of a link in place of a new embedded database is not touched', async (t) => {
  const there = t.testdir({ outside: { kept: 'kept' }, data: {} })
  symlinkSync('../outside', join(there, 'data', 'postgres.new'))
  const { close } = await openEmbedded(join(there, 'data'))
  await close()
  t.strictSame(readdirSync(join(there, 'outside')), ['kept'])
  t.strictSame(readdirSync(join(there, 'data')), ['postgres'])
})

test('nobody else can read an embedded database, whatever the permissions that it had', async (t) => {
  keepFilesPrivate(t)
  const folder = t.testdir()
  mkdirSync(join(folder, 'data'))
  await fillDataFolder(join(folder, 'data'))
  const data = join(folder, 'data')
  chmodSync(data, 0o755)
  t.not(openToOthers(data).length, 0)
  const { database, close } = await openEmbedded(data)
  await database.exec('CREATE TABLE words (word text); SELECT pg_switch_wal()')
  t.equal(statSync(data).mode & 0o777, 0o700)
  t.strictSame(openToOthers(data), [], 'while it is open')
  await close()
  t.strictSame(openToOthers(data), [], 'and afterwards')
})

test('an embedded database that cannot be opened reports the fix, and unlocks its folder:', async (t) => {
  const damaged = (data: string) =>
    `The embedded database in ${data} cannot be opened, since its files are damaged or incomplete: restore a backup into another DATA_DIR`
  const cases: [
    what: string,
    postgres: Record<string, string | Record<string, never>> | undefined,
    message: (data: string) => string
  ][] = [
    ['no version', { base: {} }, damaged],
    ['a version that is none', { PG_VERSION: '' }, damaged],
    ['an empty pg_control', undefined, damaged],
    [
      'another major version',
      { PG_VERSION: '17\n' },
      (data) =>
        `The embedded database in ${data} was created by PostgreSQL 17, and this version of the service has PostgreSQL 18: move it with "latchkey backup" of the version that created it, and "latchkey restore"`
    ]
  ]
  for (const [what, postgres, message] of cases) {
    await t.test(what, async (t) => {
      const folder = t.testdir({ ...(postgres && { postgres }) })
      if (!postgres) {
        await fillDataFolder(folder)
        writeFileSync(join(folder, 'postgres', 'global', 'pg_control'), '')
      }
      const error = await caught(openEmbedded(folder))
      t.ok(error instanceof EmbeddedDatabaseError)
      t.equal(error.message, message(join(folder, 'postgres')))
      t.strictSame(readdirSync(folder), ['postgres'])
    })
  }

  await t.test('a link to a disk that is not mounted', async (t) => {
    const folder = t.testdir()
    symlinkSync('nowhere', join(folder, 'postgres'))
    const error = await caught(openEmbedded(folder))
    t.ok(error instanceof EmbeddedDatabaseError)
    t.equal(
      error.message,
      `${folder}/postgres is a dangling link: mount or restore its target, or set another DATA_DIR`
    )
    t.strictSame(readdirSync(folder), ['postgres'])
  })

  await t.test('a file in its place', async (t) => {
    const folder = t.testdir({ postgres: 'a file, where a folder should be' })
    t.equal((await caught(openEmbedded(folder))).message, damaged(join(folder, 'postgres')))
    t.strictSame(readdirSync(folder), ['postgres'])
  })
})

/** Makes statfs report a disk of a given size, until the test ends. */
function disk(t: Test, { blocks, free }: { blocks: number; free: number }): void {
  t.teardown(syncBuiltinESMExports)
  t.intercept(fs, 'statfsSync', { value: () => ({ blocks, bavail: free, bsize: 2 ** 20 }) })
  syncBuiltinESMExports()
}

test('a full disk is reported as the reason', async (t) => {
  const message = (folder: string, needed: number, free: number) =>
    `The embedded database in ${folder} needs ${needed} MB of free space, and its disk has ${free} MB: free some space, or set another DATA_DIR`

  await t.test('for a new database', async (t) => {
    disk(t, { blocks: 100, free: 47 })
    const folder = t.testdir()
    t.equal((await caught(openEmbedded(folder))).message, message(folder, 48, 47))
    t.strictSame(readdirSync(folder), [])
  })

  await t.test('where there is none at all', async (t) => {
    disk(t, { blocks: 100, free: 1 })
    const folder = t.testdir({ postgres: {} })
    t.equal((await caught(openEmbedded(folder))).message, message(folder, 2, 1))
  })

  await t.test('where there was too little to open it', async (t) => {
    disk(t, { blocks: 100, free: 16 })
    const folder = t.testdir()
    await fillDataFolder(folder)
    writeFileSync(join(folder, 'postgres', 'global', 'pg_control'), '')
    t.equal((await caught(openEmbedded(folder))).message, message(folder, 17, 16))
  })

  await t.test('unless the system reports no size', async (t) => {
    disk(t, { blocks: 0, free: 0 })
    const folder = t.testdir()
    await fillDataFolder(folder)
    const { close } = await openEmbedded(folder)
    await close()
  })
})

test('the driver of an embedded database', async (t) => {
  const { pglite } = await embeddedDatabase(t)
  const { Pool, Client } = await embeddedDriver(pglite)
  const ONE = [{ number: 1 }]
  const one = async (client: { query: pg.Pool['query'] }) => (await client.query('SELECT 1 AS number')).rows

  /** A pool of the driver, ended with its test. */
  function pool(t: Test): pg.Pool {
    const made = new Pool()
    t.teardown(() => made.end())
    return made
  }

  await t.test('has a client', async (t) => {
    const client = new Client()
    await client.connect()
    t.strictSame((await client.query('SELECT $1::int AS number', [1])).rows, ONE)
    await client.end()
  })

  await t.test('has a pool of one connection, whatever its options say', async (t) => {
    const many = new Pool({ max: 10, idleTimeoutMillis: 1 })
    t.teardown(() => many.end())
    t.strictSame(await Promise.all([one(many), one(many), one(many)]), [ONE, ONE, ONE])
    t.strictSame([many.totalCount, many.options.max, many.options.idleTimeoutMillis], [1, 1, 0])
  })

  await t.test('continues after a failed statement', async (t) => {
    const clients = pool(t)
    for (const values of [undefined, [1]]) {
      const error = await caught(clients.query(values ? 'SELECT $1::int / 0' : 'SELECT 1 / 0', values))
      t.match(error, { code: '22012', severity: 'ERROR', message: 'division by zero' })
      t.strictSame(await one(clients), ONE)
    }
  })

  await t.test('gives each client a connection of its own, so that none inherits an error', async (t) => {
    const clients = pool(t)
    const first = await clients.connect()
    await caught(first.query('SELECT * FROM nowhere'))
    first.release(true)
    const second = await clients.connect()
    t.not(second, first)
    t.strictSame(await one(second), ONE)
    second.release()
  })

  await t.test(
    'takes back what a destroyed client left: its transaction, its settings, its temporary tables',
    async (t) => {
      const clients = pool(t)
      await clients.query('CREATE TABLE words (word text)')
      const client = await clients.connect()
      await client.query("SET application_name = 'left behind'")
      await client.query('CREATE TEMPORARY TABLE leftovers (word text)')
      await client.query('BEGIN')
      await client.query("INSERT INTO words VALUES ('lost')")
      client.release(true)
      const { rows } = await clients.query(
        `SELECT (SELECT count(*)::int FROM words) AS words, to_regclass('leftovers') AS leftovers,
         current_setting('application_name') = 'left behind' AS named`
      )
      t.strictSame(rows, [{ words: 0, leftovers: null, named: false }])
    }
  )

  await t.test('rolls back a failed transaction of a destroyed client', async (t) => {
    const clients = pool(t)
    const client = await clients.connect()
    await client.query('BEGIN')
    await caught(client.query('SELECT 1 / 0'))
    client.release(true)
    t.strictSame(await one(clients), ONE)
  })
})
