import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Pool, PoolClient, QueryResultRow } from 'pg'
import Postgrator from 'postgrator'
import type { Database } from './database.ts'
import { BEGIN, COMMIT, identifier, NO_TIMEOUTS, ROLLBACK, type Statement, sql, unsafeRaw } from './sql.ts'

const SQL = fileURLToPath(new URL('../../sql/', import.meta.url))

const TABLE = 'latchkey_migrations'

/** Any number that nothing else in the database locks: the letters of "latchkey" as an integer. */
const LOCK = 0x6c617463

const WAIT = sql`SELECT pg_advisory_xact_lock(${LOCK})`

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
  return { applied: await readVersion(async (statement) => (await pool.query(statement)).rows), newest: NEWEST }
}

/** The newest migration that this version knows. */
export const NEWEST = Math.max(...readdirSync(SQL).map((file) => Number.parseInt(file, 10)))

/** The migration that a database is at; 0 where it has no schema yet. */
export async function readVersion(query: (statement: Statement) => Promise<QueryResultRow[]>): Promise<number> {
  const [found] = await query(sql`SELECT to_regclass(${TABLE}) IS NOT NULL AS there`)
  if (!found?.there) return 0
  const [row] = await query(sql`SELECT coalesce(max(version), 0)::int AS applied FROM ${identifier(TABLE)}`)
  return row?.applied
}

/** Keeps every other change of the schema waiting until the transaction is over, and with it instances that start. */
export async function lockSchema(transaction: Database): Promise<void> {
  await transaction.query(WAIT)
}

/**
 * Brings the schema to a version, in the caller's transaction.
 *
 * @param version the number of a migration; by default the newest
 */
export async function migrateWithin(transaction: Database, version?: number): Promise<void> {
  await applyPending(SQL, async (text) => ({ rows: await transaction.query(unsafeRaw(text)) }), version)
}

/** Takes away what says that migrations were applied; the caller takes the tables. */
export async function forgetMigrations(transaction: Database): Promise<void> {
  await transaction.query(sql`DROP TABLE IF EXISTS ${identifier(TABLE)}`)
}

async function applyAll(client: PoolClient, folder: string): Promise<string[]> {
  try {
    await client.query(BEGIN)
    await client.query(NO_TIMEOUTS)
    await client.query(WAIT)
    const applied = await applyPending(folder, (text) => client.query(text))
    await client.query(COMMIT)
    return applied
  } catch (error) {
    await client.query(ROLLBACK).catch(ignore)
    throw error
  }
}

async function applyPending(
  folder: string,
  execQuery: (text: string) => Promise<{ rows: Record<string, unknown>[] }>,
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
