import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Pool, PoolClient, QueryResultRow } from 'pg'
import Postgrator from 'postgrator'
import type { Database } from './database.ts'
import { BEGIN, COMMIT, identifier, NO_TIMEOUTS, ROLLBACK, type Statement, sql, unsafeRaw } from './sql.ts'

const SQL = fileURLToPath(new URL('../../sql/', import.meta.url))

const TABLE = 'latchkey_migrations'

/** The key of the advisory lock: the letters "latc" as an integer. */
const LOCK = 0x6c617463

/**
 * The table of applied migrations, as postgrator would create it: it looks for one in all schemas of the database, and
 * would take that of another application.
 */
const CREATE_TABLE = [
  sql`CREATE TABLE ${identifier(TABLE)} (
    version bigint PRIMARY KEY, name text, md5 text, run_at timestamp with time zone
  )`,
  sql`INSERT INTO ${identifier(TABLE)} (version) VALUES (0)`
]

const WAIT = sql`SELECT pg_advisory_xact_lock(${LOCK})`

/** The schema cannot be migrated. The message says what to do. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

/**
 * Applies all pending migrations in one transaction, under an advisory lock: of concurrent instances one migrates, and
 * the others wait.
 *
 * @param folder with the SQL files
 * @param schema that the tables are in, which is created if it is missing; by default the first one of the search_path
 * @returns the applied migrations
 * @throws MigrationError if an applied file was changed since, the tables of this database are newer than this version, or
 * the connections do not use the schema
 */
export async function migrate(pool: Pool, folder = SQL, schema?: string): Promise<string[]> {
  const client = await pool.connect()
  // A lost connection also rejects the pending statement: the event needs no further handling.
  client.on('error', ignore)
  try {
    return await applyAll(client, folder, schema)
  } finally {
    client.off('error', ignore)
    client.release()
  }
}

/** The number of the last applied migration, and of the newest that this version has. Changes nothing. */
export async function readSchemaState(pool: Pool): Promise<{ applied: number; newest: number }> {
  return { applied: await readVersion(async (statement) => (await pool.query(statement)).rows), newest: NEWEST }
}

const newestOf = (folder: string) => Math.max(...readdirSync(folder).map((file) => Number.parseInt(file, 10)))

/** The number of the newest migration of this version. */
export const NEWEST = newestOf(SQL)

/** Whether the search_path has the table of applied migrations. */
async function hasTable(query: (statement: Statement) => Promise<QueryResultRow[]>): Promise<boolean> {
  const [found] = await query(sql`SELECT to_regclass(${TABLE}) IS NOT NULL AS there`)
  return found?.there
}

/** The number of the last applied migration; 0 without a schema. */
export async function readVersion(query: (statement: Statement) => Promise<QueryResultRow[]>): Promise<number> {
  if (!(await hasTable(query))) return 0
  const [row] = await query(sql`SELECT coalesce(max(version), 0)::int AS applied FROM ${identifier(TABLE)}`)
  return row?.applied
}

/** @throws MigrationError if the schema of the database is newer than this version */
export function refuseNewerSchema(applied: number, newest = NEWEST): void {
  if (applied <= newest) return
  throw new MigrationError(
    `The database is at migration ${applied}. The newest of this version of the service is ${newest}: run a newer version.`
  )
}

/** Blocks other migrations, and so instances that start, until the transaction ends. */
export async function lockSchema(transaction: Database): Promise<void> {
  await transaction.query(WAIT)
}

/**
 * Migrates the schema in the caller's transaction.
 *
 * @param version number of the last migration to apply; by default the newest
 */
export async function migrateWithin(transaction: Database, version?: number): Promise<void> {
  await applyPending(SQL, (statement) => transaction.query(statement), version)
}

/** Drops the table of applied migrations. The caller drops the other tables. */
export async function forgetMigrations(transaction: Database): Promise<void> {
  await transaction.query(sql`DROP TABLE IF EXISTS ${identifier(TABLE)}`)
}

async function applyAll(client: PoolClient, folder: string, schema: string | undefined): Promise<string[]> {
  try {
    await client.query(BEGIN)
    await client.query(NO_TIMEOUTS)
    await client.query(WAIT)
    if (schema !== undefined) await enterSchema(client, schema)
    const applied = await applyPending(folder, async (statement) => (await client.query(statement)).rows)
    await client.query(COMMIT)
    return applied
  } catch (error) {
    await client.query(ROLLBACK).catch(ignore)
    throw error
  }
}

async function enterSchema(client: PoolClient, schema: string): Promise<void> {
  const { rows } = await client.query(sql`SELECT to_regnamespace(${schema}) IS NOT NULL AS there`)
  if (!rows[0].there) await client.query(sql`CREATE SCHEMA ${identifier(schema)}`)
  const [{ first }] = (await client.query(sql`SELECT current_schema() AS first`)).rows
  if (first === schema) return
  // A proxy that ignores or strips settings of connections, such as PgBouncer with ignore_startup_parameters.
  throw new MigrationError(
    `The connections use the schema ${first}, not ${schema} as DATABASE_SCHEMA says: a proxy or the pool sets another search_path. Set it for the role: ALTER ROLE … SET search_path = ${schema}`
  )
}

async function applyPending(
  folder: string,
  query: (statement: Statement) => Promise<QueryResultRow[]>,
  version?: number
) {
  refuseNewerSchema(await readVersion(query), newestOf(folder))
  if (!(await hasTable(query))) for (const statement of CREATE_TABLE) await query(statement)
  const [row] = await query(sql`SELECT current_database() AS name`)
  const postgrator = new Postgrator({
    driver: 'pg',
    database: row?.name,
    migrationPattern: join(escapeGlob(folder), '*.do.*.sql'),
    schemaTable: TABLE,
    newline: 'LF',
    execQuery: async (text) => ({ rows: await query(unsafeRaw(text)) })
  })
  const applied = await postgrator.migrate(version === undefined ? 'max' : String(version)).catch((error: Error) => {
    throw isChanged(error) ? changed(error) : error
  })
  return applied.map(({ version, name }) => `${version} ${name}`)
}

/** Escapes a path for use in a glob pattern. */
const escapeGlob = (path: string) => path.replaceAll(/[\\?*()[\]{}!+@]/g, '\\$&')

const isChanged = (error: Error) => error.message.startsWith('MD5 checksum failed')

function changed(cause: Error): MigrationError {
  const version = /\[(\d+)\]/.exec(cause.message)?.[1]
  return new MigrationError(
    `Migration ${version} in sql/ differs from the one that was applied to this database: restore the file, and put the change into a new one`,
    { cause }
  )
}

function ignore(): void {}
