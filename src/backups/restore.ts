import { setTimeout as pause } from 'node:timers/promises'
import { appendRecords } from '../audit/append.ts'
import type { Database } from '../database/database.ts'
import {
  forgetMigrations,
  lockSchema,
  MigrationError,
  migrateWithin,
  NEWEST,
  readVersion
} from '../database/migrations.ts'
import { identifier, list, sql, UNTIMED } from '../database/sql.ts'
import { wrapPrivateKey } from '../keys/signing-keys.ts'
import { countOf } from '../plural.ts'
import { deriveKey } from '../secrets/derive-key.ts'
import { rootSecretText, sealRootSecret } from '../secrets/root-secret.ts'
import type { Secrets } from '../secrets/sealing.ts'
import { type Counts, changeSealed, type Manifest, TABLES } from './backup.ts'
import { BackupRefusal, NO_BACKUP } from './backup-refusal.ts'
import type { BackupRecord } from './framing.ts'

/** The database does not take a backup as it is; the message says what to do. */
export class RestoreRefusal extends Error {
  override readonly name = 'RestoreRefusal'
}

/** What a restore replaces. */
export interface Held {
  users: number
  records: number
}

export interface Restoring {
  /** What the keys are sealed with from now on. */
  secrets: Secrets
  /** Whether a database that holds something may lose it. */
  replace: boolean
  /** Told after each batch how many rows have been read. */
  progress(rows: number): void
}

/** A backup whose first record has been read. */
export interface Backup {
  manifest: Manifest
  records: AsyncIterable<BackupRecord>
}

/**
 * Reads what a backup is of.
 *
 * @throws BackupRefusal if it is no backup, the passphrase does not open it, or a newer version has made it
 */
export async function openBackup(records: AsyncGenerator<BackupRecord>): Promise<Backup> {
  const { value } = await records.next()
  if (value?.name !== 'backup') throw new BackupRefusal(NO_BACKUP)
  const manifest = JSON.parse(value.json) as Manifest
  if (manifest.migration <= NEWEST) return { manifest, records }
  throw new BackupRefusal(
    `The backup was made at migration ${manifest.migration}, and this version of the service knows ${NEWEST}: restore it with a newer version.`
  )
}

/** What came of reading a backup. */
export interface Restored {
  manifest: Manifest
  counts: Counts
}

/**
 * Puts a backup in the place of all that the database holds, in one transaction: whatever ends it before its end leaves
 * the database as it was. The schema is made as it was at the backup, and brought up to date with what is in it.
 *
 * @throws RestoreRefusal where the database is in use, or holds something that may not be replaced
 * @throws BackupRefusal where the backup is not what it should be
 */
export function restoreBackup(
  database: Database,
  backup: Backup,
  { secrets, replace, progress }: Restoring
): Promise<Restored> {
  return database.transact(async (transaction) => {
    await transaction.query(UNTIMED)
    await lockSchema(transaction)
    await refuseInstances(transaction)
    if (!replace) refuseHeld(await countHeld(transaction))
    let root: Buffer | undefined
    const seal = (bytes: Buffer, kid?: string) => {
      if (kid !== undefined) return wrapPrivateKey(bytes, kid, { current: secrets.current })
      root = bytes
      return sealRootSecret(bytes, { current: secrets.current })
    }
    await makeRoom(transaction, backup.manifest.migration)
    const restored = await readAll(backup, {
      take: ({ name, json }) => store(transaction, name, changeAll(name, json, seal)),
      progress
    })
    if (!root) throw new BackupRefusal('The backup has no root secret: it is none of a service that has ever started.')
    await migrateWithin(transaction)
    const count = restored.counts.users as number
    const occurrence = { actor: 'operator', action: 'backup restored', detail: { count } } as const
    await appendRecords(transaction, deriveKey(rootSecretText(root), 'audit'), [
      { ...occurrence, happened: performance.now() }
    ])
    return restored
  })
}

/** Reads a whole backup, as a restore would, and changes nothing. */
export function checkBackup(backup: Backup, progress: Restoring['progress']): Promise<Restored> {
  return readAll(backup, { take: async () => {}, progress })
}

interface Reading {
  take(record: BackupRecord): Promise<void>
  progress: Restoring['progress']
}

async function readAll({ manifest, records }: Backup, { take, progress }: Reading): Promise<Restored> {
  const counts: Counts = Object.fromEntries(TABLES.map((table) => [table, 0]))
  let rows = 0
  for await (const record of records) {
    const { name, count } = record
    const known = Object.hasOwn(counts, name)
    if (!known) throw new BackupRefusal(`The backup has rows of a table that is unknown: ${name}.`)
    await take(record)
    counts[name] = (counts[name] as number) + count
    rows += count
    progress(rows)
  }
  return { manifest, counts }
}

/** An instance that runs would go on with keys that are no longer there. One that has just ended may still be seen. */
async function refuseInstances(transaction: Database): Promise<void> {
  let count = 0
  for (let look = 0; look < LOOKS; look += 1) {
    const [row] = await transaction.query<{ count: number }>(
      sql`SELECT count(*)::int AS count FROM pg_stat_clear_snapshot(), pg_stat_activity
       WHERE datname = current_database() AND application_name = 'latchkey' AND pid <> pg_backend_pid()`
    )
    count = row?.count as number
    if (count === 0) return
    await pause(INTERVAL)
  }
  throw new RestoreRefusal(
    `The database is in use, with ${countOf(count, 'connection')} of the service: stop all instances first.`
  )
}

/** How often is looked for instances, and after how many milliseconds again. */
const [LOOKS, INTERVAL] = [20, 100]

/** How much a restore would replace. */
export async function countHeld(database: Database): Promise<Held> {
  if ((await readVersion((statement) => database.query(statement))) === 0) return { users: 0, records: 0 }
  const count = async (table: string) => {
    const [found] = await database.query(sql`SELECT to_regclass(${table}) IS NOT NULL AS there`)
    if (!found?.there) return 0
    const [row] = await database.query(sql`SELECT count(*)::int AS count FROM ${identifier(table)}`)
    return row?.count as number
  }
  return { users: await count('users'), records: await count('audit') }
}

function refuseHeld(held: Held): void {
  if (isEmpty(held)) return
  throw new RestoreRefusal(
    `The database holds ${countOf(held.users, 'account')} and ${countOf(held.records, 'record')} of the audit, and nothing is changed: with --replace all of that is lost.`
  )
}

export const isEmpty = ({ users, records }: Held) => users === 0 && records === 0

/** Empties the tables, and makes those of the schema that the backup is of. */
async function makeRoom(transaction: Database, migration: number): Promise<void> {
  const present = await readVersion((statement) => transaction.query(statement))
  if (present > NEWEST) {
    throw new MigrationError(
      `The database is at migration ${present}, and this version of the service knows ${NEWEST}: run a newer version`
    )
  }
  if (present === migration && present === NEWEST) {
    await transaction.query(sql`TRUNCATE ${list(TABLES.map(identifier))}`)
    return
  }
  await transaction.query(sql`DROP TABLE IF EXISTS ${list(TABLES.map(identifier))}`)
  await forgetMigrations(transaction)
  await migrateWithin(transaction, migration)
}

async function store(transaction: Database, table: string, rows: string): Promise<void> {
  const name = identifier(table)
  await transaction.query(sql`INSERT INTO ${name} SELECT * FROM json_populate_recordset(NULL::${name}, ${rows})`)
}

/** Rows are taken apart only where something in them has to be sealed. */
function changeAll(table: string, rows: string, seal: (bytes: Buffer, kid?: string) => Buffer): string {
  if (table !== 'signing_keys' && table !== 'root_secret') return rows
  const texts = (JSON.parse(rows) as object[]).map((row) => changeSealed(table, JSON.stringify(row), seal))
  return `[${texts.join()}]`
}
