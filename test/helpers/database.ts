import { createHash, randomBytes } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import tap, { type Test } from 'tap'
import { embeddedDriver, startParams } from '../../src/database/embedded.ts'
import { migrate } from '../../src/database/migrations.ts'
import { ConfiguredClient } from '../../src/database/session-settings.ts'

/** Where a test's own database is: an embedded one in this process, or one made for it on TEST_DATABASE_URL's server. */
export type TestDatabase = { pglite: PGlite } | { url: string }

const SQL = fileURLToPath(new URL('../../sql/', import.meta.url))
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/latchkey/', import.meta.url))

/** The server on which tests make and drop databases of their own. DATABASE_URL is never read by a test. */
const server = process.env.TEST_DATABASE_URL

/** An empty database that is gone when the test ends. */
export function emptyDatabase(t: Test): Promise<TestDatabase> {
  return server ? create(t, { migrated: false }) : open(t, { migrated: false })
}

/** A database with the current schema that is gone when the test ends. */
export function migratedDatabase(t: Test): Promise<TestDatabase> {
  return server ? create(t, { migrated: true }) : open(t, { migrated: true })
}

/** An embedded database, also where there is a server; with the current schema, or an empty one. */
export function embeddedDatabase(t: Test, { migrated = true } = {}): Promise<{ pglite: PGlite }> {
  return open(t, { migrated })
}

/** The driver's pool over a test's database, ended with the test. */
export async function poolOf(t: Test, database: TestDatabase): Promise<pg.Pool> {
  const pool =
    'url' in database
      ? // Without timers: one that a test mocks must not outlive it.
        new pg.Pool({ connectionString: database.url, idleTimeoutMillis: 0, Client: ConfiguredClient })
      : new (await embeddedDriver(database.pglite)).Pool()
  // A pool that has ended may still hear of its connections when the database is dropped.
  pool.on('error', () => {})
  t.teardown(() => pool.end())
  return pool
}

/** The same database for sessions with a setting: the one session of an embedded one has it from now on. */
export async function configured(database: TestDatabase, name: string, value: string): Promise<TestDatabase> {
  if ('pglite' in database) {
    await database.pglite.query('SELECT set_config($1, $2, false)', [name, value])
    return database
  }
  const url = new URL(database.url)
  url.searchParams.set('options', `-c ${name}=${value}`)
  return { url: url.href }
}

/** The timers of the process, also while a test mocks timers. */
const { setInterval, clearInterval } = globalThis

/** Embedded databases that no test uses now: to empty one is far quicker than to open one. */
const idle = new Set<PGlite>()

/** Looks whether any test still runs: an open database keeps the process from ending. */
let watch: NodeJS.Timeout | undefined

/** The interval between two looks, in milliseconds: more than there is between the tests of two files. */
const INTERVAL = 500

async function open(t: Test, { migrated }: { migrated: boolean }): Promise<{ pglite: PGlite }> {
  const used = takeIdle()
  const pglite = used ?? (await openCopy())
  if (used) await leave(pglite)
  if (!migrated) await empty(pglite)
  else if (used) await renew(pglite)
  t.teardown(() => {
    idle.add(pglite)
    watch ??= setInterval(closeAfterTests, INTERVAL).unref()
  })
  return { pglite }
}

function takeIdle(): PGlite | undefined {
  const [pglite] = idle
  if (pglite) idle.delete(pglite)
  return pglite
}

async function closeAfterTests(): Promise<void> {
  if (tap.occupied) return
  clearInterval(watch)
  watch = undefined
  for (const pglite of idle) {
    idle.delete(pglite)
    await pglite.close()
  }
}

/** Ends what a test has left open in the one session. */
async function leave(pglite: PGlite): Promise<void> {
  for (const sql of ['ROLLBACK', 'DISCARD ALL']) await pglite.exec(sql)
}

async function empty(pglite: PGlite): Promise<void> {
  for (const sql of ['DROP SCHEMA public CASCADE', 'CREATE SCHEMA public']) await pglite.exec(sql)
}

/** Makes a used database as good as new: where the schema is still the migrated one, only the rows have to go. */
async function renew(pglite: PGlite): Promise<void> {
  const present = await schemaOf(pglite).catch(() => undefined)
  if (present && present.text === migratedSchemas.get(pglite)) {
    await pglite.exec(present.emptying)
  } else {
    await empty(pglite)
    await migrateEmbedded(pglite)
    migratedSchemas.set(pglite, (await schemaOf(pglite)).text)
  }
}

/** The schema of each database as it was migrated. */
const migratedSchemas = new WeakMap<PGlite, string>()

interface Schema {
  /** The statements that remove all that the service has stored. */
  emptying: string
  /** All that a test may have changed. */
  text: string
}

/** @throws the database's error where a test has dropped the table of the migrations */
async function schemaOf(pglite: PGlite): Promise<Schema> {
  const { rows } = await pglite.query<Schema>(SCHEMA)
  return rows[0] as Schema
}

// DELETE is five times as quick as TRUNCATE for a few rows. Without the triggers of foreign keys, in any order.
const SCHEMA = `
  WITH relations AS (SELECT oid, relname, relkind, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace)
  SELECT (SELECT concat('SET session_replication_role = replica; ',
            string_agg(format(CASE WHEN pg_relation_size(oid) > 100000 THEN 'TRUNCATE %I CASCADE' ELSE 'DELETE FROM %I' END,
              relname), '; '), '; RESET session_replication_role')
          FROM relations WHERE relkind = 'r' AND relname <> 'latchkey_migrations') AS emptying,
    concat_ws('|',
      (SELECT string_agg(relations::text, ',' ORDER BY oid) FROM relations),
      (SELECT string_agg(concat(attrelid, attname, atttypid, attnotnull, atthasdef, attisdropped), ',' ORDER BY attrelid, attnum)
       FROM pg_attribute WHERE attrelid IN (SELECT oid FROM relations)),
      (SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
      (SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM relations)),
      (SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
      (SELECT string_agg(migrations::text, ',' ORDER BY version) FROM latchkey_migrations AS migrations)
    ) AS text`

async function migrateEmbedded(pglite: PGlite): Promise<void> {
  const { Pool } = await embeddedDriver(pglite)
  const pool = new Pool()
  await migrate(pool)
  await pool.end()
}

async function create(t: Test, { migrated }: { migrated: boolean }): Promise<TestDatabase> {
  const name = nameOnServer()
  const copy = migrated ? ` TEMPLATE ${await template()}` : ''
  await onServer(`CREATE DATABASE ${name}${copy}`)
  t.teardown(() => onServer(`DROP DATABASE ${name} WITH (FORCE)`))
  return { url: urlOf(name) }
}

const nameOnServer = () => `latchkey_test_${randomBytes(8).toString('hex')}`

const urlOf = (name: string) => Object.assign(new URL(server as string), { pathname: name }).href

async function onServer(sql: string): Promise<number | null> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  const { rowCount } = await client.query(sql).finally(() => client.end())
  return rowCount
}

/** The name of the server's database to copy, which stays there: like the folder, one for every state of sql/. */
async function template(): Promise<string> {
  const name = `latchkey_test_template_${stateOfSchema()}`
  if (await onServer(`SELECT FROM pg_database WHERE datname = '${name}'`)) return name
  const own = nameOnServer()
  await onServer(`CREATE DATABASE ${own}`)
  const pool = new pg.Pool({ connectionString: urlOf(own) })
  await migrate(pool).finally(() => pool.end())
  await onServer(`ALTER DATABASE ${own} RENAME TO ${name}`).catch(() => onServer(`DROP DATABASE ${own}`))
  return name
}

/** Puts a database into a DATA_DIR, with the current schema or empty: one that the service makes itself takes seconds. */
export async function fillDataFolder(folder: string, { migrated = true } = {}): Promise<void> {
  const data = join(folder, 'postgres')
  cpSync(join(await original(), FOLDER), data, { recursive: true })
  if (migrated) return
  const pglite = await PGlite.create(data, START)
  await empty(pglite)
  await pglite.close()
}

/** In memory, where its hundreds of files are quicker than on a disk. */
async function openCopy(): Promise<PGlite> {
  const archive = readFileSync(join(await original(), ARCHIVE))
  const pglite = await PGlite.create({ ...START, loadDataDir: new Blob([archive]) })
  migratedSchemas.set(pglite, (await schemaOf(pglite)).text)
  return pglite
}

const START = { startParams: startParams(PGlite.defaultStartParams) }

/** A migrated database to copy, as a folder and as an archive of it: made once for every state of sql/. */
async function original(): Promise<string> {
  const folder = join(CACHE, `database-${stateOfSchema()}`)
  if (!existsSync(folder)) await makeOriginal(folder)
  return folder
}

const FOLDER = 'postgres'
const ARCHIVE = 'postgres.tar'

function stateOfSchema(): string {
  const hash = createHash('sha256')
  for (const file of readdirSync(SQL).sort()) hash.update(file).update(readFileSync(SQL + file))
  return hash.digest('hex').slice(0, 16)
}

/** Test files may make it at the same time: each makes its own, and the first one stays. */
async function makeOriginal(folder: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true })
  const own = mkdtempSync(`${folder}-`)
  const pglite = await PGlite.create(join(own, FOLDER), START)
  await migrateEmbedded(pglite)
  // Most of the files are those of databases that nobody uses.
  await pglite.exec('UPDATE pg_database SET datistemplate = false')
  for (const name of ['template0', 'template1']) await pglite.exec(`DROP DATABASE ${name}`)
  await pglite.exec('CHECKPOINT')
  writeFileSync(join(own, ARCHIVE), await contents(await pglite.dumpDataDir('none')))
  await pglite.close()
  try {
    renameSync(own, folder)
  } catch {
    rmSync(own, { recursive: true })
  }
}

const contents = async (blob: Blob) => Buffer.from(await blob.arrayBuffer())
