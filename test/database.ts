import { createHash, randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import type { Test } from 'tap'
import { embeddedDriver } from '../src/embedded.ts'
import { migrate } from '../src/migrations.ts'

/** Where a test's own database is: an embedded one in this process, or one made for it on TEST_DATABASE_URL's server. */
export type TestDatabase = { pglite: PGlite } | { url: string }

const SQL = fileURLToPath(new URL('../sql/', import.meta.url))
const CACHE = fileURLToPath(new URL('../node_modules/.cache/latchkey/', import.meta.url))

/** The server on which tests make and drop databases of their own. DATABASE_URL is never read by a test. */
const server = process.env.TEST_DATABASE_URL

/** An empty database that is gone when the test ends. */
export function emptyDatabase(t: Test): Promise<TestDatabase> {
  return server ? create(t, server) : open(t, { migrated: false })
}

/** A database with the current schema that is gone when the test ends. */
export async function migratedDatabase(t: Test): Promise<TestDatabase> {
  if (!server) return open(t, { migrated: true })
  const database = await create(t, server)
  await migrate(await poolOf(t, database))
  return database
}

/** The driver's pool over a test's database, ended with the test. */
export async function poolOf(t: Test, database: TestDatabase): Promise<pg.Pool> {
  const pool =
    'url' in database
      ? new pg.Pool({ connectionString: database.url })
      : new (await embeddedDriver(database.pglite)).Pool()
  // A pool that has ended may still hear of its connections when the database is dropped.
  pool.on('error', () => {})
  t.teardown(() => pool.end())
  return pool
}

/** Embedded databases that no test uses now, and what will close them: to empty one is far quicker than to start one. */
const idle = new Map<PGlite, NodeJS.Timeout>()

/** How long one waits for the next test, in milliseconds: an open one keeps the process from ending. */
const PATIENCE = 200

async function open(t: Test, { migrated }: { migrated: boolean }): Promise<TestDatabase> {
  const used = takeIdle()
  const pglite = used ?? (await (migrated ? start() : PGlite.create()))
  if (used) await empty(used)
  if (used && migrated) await migrateEmbedded(used)
  t.teardown(() => idle.set(pglite, setTimeout(close, PATIENCE, pglite).unref()))
  return { pglite }
}

function takeIdle(): PGlite | undefined {
  const [pglite] = idle.keys()
  if (!pglite) return undefined
  clearTimeout(idle.get(pglite))
  idle.delete(pglite)
  return pglite
}

function close(pglite: PGlite): Promise<void> {
  idle.delete(pglite)
  return pglite.close()
}

async function empty(pglite: PGlite): Promise<void> {
  for (const sql of ['ROLLBACK', 'DISCARD ALL', 'DROP SCHEMA public CASCADE', 'CREATE SCHEMA public']) {
    await pglite.exec(sql)
  }
}

async function migrateEmbedded(pglite: PGlite): Promise<void> {
  const { Pool } = await embeddedDriver(pglite)
  const pool = new Pool()
  await migrate(pool)
  await pool.end()
}

async function create(t: Test, url: string): Promise<TestDatabase> {
  const name = `latchkey_test_${randomBytes(8).toString('hex')}`
  const run = async (sql: string) => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }
  await run(`CREATE DATABASE ${name}`)
  t.teardown(() => run(`DROP DATABASE ${name} WITH (FORCE)`))
  return { url: Object.assign(new URL(url), { pathname: name }).href }
}

/** Removed when the process ends, however it does: one that a test keeps open to its end has no time to close. */
const copies: string[] = []
process.once('exit', () => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true })
})

/** Opens a copy of a migrated database, which is made once for every state of sql/: far quicker than migrating one. */
async function start(): Promise<PGlite> {
  const hash = createHash('sha256')
  for (const file of readdirSync(SQL).sort()) hash.update(file).update(readFileSync(SQL + file))
  const original = join(CACHE, hash.digest('hex').slice(0, 16))
  if (!existsSync(original)) await makeOriginal(original)
  const copy = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
  copies.push(copy)
  cpSync(original, copy, { recursive: true })
  return PGlite.create(copy)
}

/** Test files may make it at the same time: each makes its own, and the first one stays. */
async function makeOriginal(original: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true })
  const own = mkdtempSync(`${original}-`)
  const pglite = await PGlite.create(own)
  await migrateEmbedded(pglite)
  await pglite.close()
  try {
    renameSync(own, original)
  } catch {
    rmSync(own, { recursive: true })
  }
}
