import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Pool, PoolClient, QueryResultRow } from 'pg'
import Postgrator from 'postgrator'
import { BEGIN, type Database, UNTIMED } from './database.ts'

const SQL = fileURLToPath(new URL('../../sql/', import.meta.url))

const TABLE = 'latchkey_migrations'

/** Any number that nothing else in the database locks: the letters of "latchkey" as an integer. */
const LOCK = 0x6c617463

/** The schema cannot be brought up to date; the message says what to do. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

/**
 * Brings the schema up to date: all pending files of the folder in one transaction, so that nothing is ever half done,
 * under a lock of that transaction, so that of several instances starting at once one does it and the others wait.
 *
 * @param folder where the files are
 * @returns the names of the files applied now
 * @throws MigrationError when an applied file has been changed since, or when the database is ahead of this code
 */
export async function migrate(pool: Pool, folder = SQL): Promise<string[]> {
  const client = await pool.connect()
  // A connection that is lost fails the statement that waits for it: that is enough.
  client.on('error', ignore)
  try {
    return await applyAll(client, folder)
  } finally {
    client.off('error', ignore)
    client.release()
  }
}

/** How far the schema is, and how far this version would bring it: numbers of migrations. It changes nothing. */
export async function readSchemaState(pool: Pool): Promise<{ applied: number; newest: number }> {
  return { applied: await readVersion(async (sql) => (await pool.query(sql)).rows), newest: NEWEST }
}

/** The newest migration that this version knows. */
export const NEWEST = Math.max(...readdirSync(SQL).map((file) => Number.parseInt(file, 10)))

/** The migration that a database is at; 0 where it has no schema yet. */
export async function readVersion(query: (sql: string) => Promise<QueryResultRow[]>): Promise<number> {
  const [found] = await query(`SELECT to_regclass('${TABLE}') IS NOT NULL AS there`)
  if (!found?.there) return 0
  const [row] = await query(`SELECT coalesce(max(version), 0)::int AS applied FROM ${TABLE}`)
  return row?.applied
}

/** Keeps every other change of the schema waiting until the transaction is over, and with it instances that start. */
export async function lockSchema(transaction: Database): Promise<void> {
  await transaction.query('SELECT pg_advisory_xact_lock($1)', [LOCK])
}

/**
 * Brings the schema to a version, in the caller's transaction.
 *
 * @param version the number of a migration; by default the newest
 */
export async function migrateWithin(transaction: Database, version?: number): Promise<void> {
  await applyPending(SQL, async (sql) => ({ rows: await transaction.query(sql) }), version)
}

/** Takes away what says that migrations were applied; the caller takes the tables. */
export async function forgetMigrations(transaction: Database): Promise<void> {
  await transaction.query(`DROP TABLE IF EXISTS ${TABLE}`)
}

async function applyAll(client: PoolClient, folder: string): Promise<string[]> {
  try {
    await client.query(BEGIN)
    await client.query(UNTIMED)
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK])
    const applied = await applyPending(folder, (sql) => client.query(sql))
    await client.query('COMMIT')
    return applied
  } catch (error) {
    await client.query('ROLLBACK').catch(ignore)
    throw error
  }
}

async function applyPending(
  folder: string,
  execQuery: (sql: string) => Promise<{ rows: Record<string, unknown>[] }>,
  version?: number
) {
  const { rows } = await execQuery('SELECT current_database() AS name')
  const postgrator = new Postgrator({
    driver: 'pg',
    database: String(rows[0]?.name),
    migrationPattern: join(literally(folder), '*.do.*.sql'),
    schemaTable: TABLE,
    newline: 'LF',
    execQuery
  })
  const [current, newest] = [await postgrator.getDatabaseVersion(), await postgrator.getMaxVersion()]
  if (current > newest) {
    throw new MigrationError(
      `The database is at migration ${current}, and this version of the service knows ${newest}: run a newer version`
    )
  }
  const applied = await postgrator.migrate(version === undefined ? 'max' : String(version)).catch((error: Error) => {
    throw isChanged(error) ? changed(error) : error
  })
  return applied.map(({ version, name }) => `${version} ${name}`)
}

/** A path as a glob pattern that means it and nothing else. */
const literally = (path: string) => path.replaceAll(/[\\?*()[\]{}!+@]/g, '\\$&')

const isChanged = (error: Error) => error.message.startsWith('MD5 checksum failed')

function changed(cause: Error): MigrationError {
  const version = /\[(\d+)\]/.exec(cause.message)?.[1]
  return new MigrationError(
    `Migration ${version} in sql/ is not what was applied to this database: restore the file, and put the change into a new one`,
    { cause }
  )
}

function ignore(): void {}
