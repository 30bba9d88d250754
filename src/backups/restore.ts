import { setTimeout as pause } from 'node:timers/promises'
import { appendRecords } from '../audit/append.ts'
import type { Database } from '../database/database.ts'
import {
  forgetMigrations,
  lockSchema,
  migrateWithin,
  NEWEST,
  readVersion,
  refuseNewerSchema
} from '../database/migrations.ts'
import { identifier, list, NO_TIMEOUTS, sql } from '../database/sql.ts'
import { wrapPrivateKey } from '../keys/signing-keys.ts'
import { countOf } from '../plural.ts'
import { deriveKey } from '../secrets/derive-key.ts'
import { rootSecretText, sealRootSecret } from '../secrets/root-secret.ts'
import type { Secrets } from '../secrets/sealing.ts'
import { type Counts, changeSealed, DERIVED_TABLES, type Manifest, TABLES } from './backup.ts'
import { BackupRefusal, NO_BACKUP } from './backup-refusal.ts'
import type { BackupRecord } from './framing.ts'

/** The state of the database prevents a restore; the message says what to do. */
export class RestoreRefusal extends Error {
  override readonly name = 'RestoreRefusal'
}

/** The data that a restore would replace. */
export interface Content {
  users: number
  /** Records of the audit log. */
  records: number
}

/** The options of `restore`. */
export interface RestoreOptions {
  /** The keys and the root secret are encrypted under its current secret. */
  secrets: Secrets
  /** Whether existing data may be replaced. */
  replace: boolean
  /** Called after each batch with the number of rows that have been read. */
  progress(rows: number): void
}

/** A backup whose first record has been read. */
export interface Backup {
  manifest: Manifest
  records: AsyncIterable<BackupRecord>
}

/**
 * Reads the first record of a backup.
 *
 * @throws BackupRefusal if it is not a backup, the passphrase does not decrypt it, or a newer version has made it
 */
export async function openBackup(records: AsyncGenerator<BackupRecord>): Promise<Backup> {
  const { value } = await records.next()
  if (value?.name !== 'backup') throw new BackupRefusal(NO_BACKUP)
  const manifest = JSON.parse(value.json) as Manifest
  if (manifest.migration <= NEWEST) return { manifest, records }
  throw new BackupRefusal(
    `The backup is at migration ${manifest.migration}; the newest of this version is ${NEWEST}: restore it with a newer version.`
  )
}

/** The result of reading a backup. */
export interface Restored {
  manifest: Manifest
  counts: Counts
}

/**
 * Replaces all data of the database by a backup, in one transaction. Creates the schema of the backup, inserts the rows,
 * and then migrates the schema.
 *
 * @throws RestoreRefusal if instances use the database, or it contains data that may not be replaced
 * @throws BackupRefusal if the backup is invalid
 */
export function restoreBackup(
  database: Database,
  backup: Backup,
  { secrets, replace, progress }: RestoreOptions
): Promise<Restored> {
  return database.transact(async (transaction) => {
    await transaction.query(NO_TIMEOUTS)
    await lockSchema(transaction)
    await refuseInstances(transaction)
    if (!replace) refuseContent(await countContent(transaction))
    let root: Buffer | undefined
    const seal = (bytes: Buffer, kid?: string) => {
      if (kid !== undefined) return wrapPrivateKey(bytes, kid, { current: secrets.current })
      root = bytes
      return sealRootSecret(bytes, { current: secrets.current })
    }
    await prepareTables(transaction, backup.manifest.migration)
    const restored = await readAll(backup, {
      take: ({ name, json }) => store(transaction, name, changeAll(name, json, seal)),
      progress
    })
    if (!root) throw new BackupRefusal('The backup has no root secret: its service was never started.')
    await migrateWithin(transaction)
    const count = restored.counts.users as number
    const occurrence = { actor: 'operator', action: 'backup restored', detail: { count } } as const
    await appendRecords(transaction, deriveKey(rootSecretText(root), 'audit'), [
      { ...occurrence, happened: performance.now() }
    ])
    return restored
  })
}

/** Reads a backup to its end, as a restore does, without a database. */
export function checkBackup(backup: Backup, progress: RestoreOptions['progress']): Promise<Restored> {
  return readAll(backup, { take: async () => {}, progress })
}

interface Reading {
  take(record: BackupRecord): Promise<void>
  progress: RestoreOptions['progress']
}

async function readAll({ manifest, records }: Backup, { take, progress }: Reading): Promise<Restored> {
  const counts: Counts = Object.fromEntries(TABLES.map((table) => [table, 0]))
  let rows = 0
  for await (const record of records) {
    const { name, count } = record
    if (!Object.hasOwn(counts, name)) throw new BackupRefusal(`The backup has rows of an unknown table: ${name}.`)
    await take(record)
    counts[name] = (counts[name] as number) + count
    rows += count
    progress(rows)
  }
  return { manifest, counts }
}

/**
 * Refuses while instances run: they would continue to use keys that no longer exist. Retries, since connections of an
 * instance that has just stopped may still be listed.
 */
async function refuseInstances(transaction: Database): Promise<void> {
  let count = 0
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const [row] = await transaction.query<{ count: number }>(
      sql`SELECT count(*)::int AS count FROM pg_stat_clear_snapshot(), pg_stat_activity
       WHERE datname = current_database() AND application_name = 'latchkey' AND pid <> pg_backend_pid()`
    )
    count = row?.count as number
    if (count === 0) return
    await pause(INTERVAL)
  }
  throw new RestoreRefusal(
    `The database is in use by ${countOf(count, 'connection')} of the service: stop all instances first.`
  )
}

/** How often connections are counted, and the interval in milliseconds. */
const [ATTEMPTS, INTERVAL] = [20, 100]

/** Counts the data that a restore would replace. */
export async function countContent(database: Database): Promise<Content> {
  if ((await readVersion((statement) => database.query(statement))) === 0) return { users: 0, records: 0 }
  const count = async (table: string) => {
    const [found] = await database.query(sql`SELECT to_regclass(${table}) IS NOT NULL AS there`)
    if (!found?.there) return 0
    const [row] = await database.query(sql`SELECT count(*)::int AS count FROM ${identifier(table)}`)
    return row?.count as number
  }
  return { users: await count('users'), records: await count('audit') }
}

function refuseContent(content: Content): void {
  if (isEmpty(content)) return
  throw new RestoreRefusal(
    `The database contains ${describeContent(content)}, and nothing was changed: --replace deletes all of that.`
  )
}

export const isEmpty = ({ users, records }: Content) => users === 0 && records === 0

export const describeContent = ({ users, records }: Content) =>
  `${countOf(users, 'account')} and ${countOf(records, 'record')} of the audit log`

const ALL_TABLES = [...TABLES, ...DERIVED_TABLES]

/** Empties the tables, or creates those of an earlier schema if the backup or the database has one. */
async function prepareTables(transaction: Database, migration: number): Promise<void> {
  const present = await readVersion((statement) => transaction.query(statement))
  refuseNewerSchema(present)
  if (present === migration && present === NEWEST) {
    await transaction.query(sql`TRUNCATE ${list(ALL_TABLES.map(identifier))}`)
    return
  }
  await transaction.query(sql`DROP TABLE IF EXISTS ${list(ALL_TABLES.map(identifier))}`)
  await forgetMigrations(transaction)
  await migrateWithin(transaction, migration)
}

async function store(transaction: Database, table: string, rows: string): Promise<void> {
  const name = identifier(table)
  await transaction.query(sql`INSERT INTO ${name} SELECT * FROM json_populate_recordset(NULL::${name}, ${rows})`)
}

/** Parses only rows with a secret, which has to be encrypted. */
function changeAll(table: string, rows: string, seal: (bytes: Buffer, kid?: string) => Buffer): string {
  if (table !== 'signing_keys' && table !== 'root_secret') return rows
  const texts = (JSON.parse(rows) as object[]).map((row) => changeSealed(table, JSON.stringify(row), seal))
  return `[${texts.join()}]`
}
