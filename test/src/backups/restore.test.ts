import type { Pool } from 'pg'
import { type Test, test } from 'tap'
import { type Manifest, readBackup, TABLES } from '../../../src/backups/backup.ts'
import type { BackupRecord } from '../../../src/backups/framing.ts'
import { checkBackup, countContent, openBackup, restoreBackup } from '../../../src/backups/restore.ts'
import { createDatabase, type Database } from '../../../src/database/database.ts'
import { MigrationError, migrate, migrateWithin, NEWEST, readSchemaState } from '../../../src/database/migrations.ts'
import { ensureKey } from '../../../src/keys/signing-keys.ts'
import { readRootSecret } from '../../../src/secrets/root-secret.ts'
import { caught } from '../../helpers/caught.ts'
import { emptyPool } from '../../helpers/pool.ts'

const SECRETS = { current: 'only for tests, and long enough to be one' }
const ELSEWHERE = { current: 'another secret, of another installation' }

/** A migration before the tables of mails, and one before the record. */
const [OLDER, OLDEST] = [9, 5]

async function* each(records: BackupRecord[]) {
  yield* records
}

const databaseOf = (pool: Pool): Database => createDatabase(pool, { timeout: 60_000 })

/** The database, where so many looks find two connections of the service: an embedded one can show none. */
function usedFor(looks: number, pool: Pool): Database {
  const database = databaseOf(pool)
  const found = [{ count: 2 }]
  let left = looks
  const look = (transaction: Database): Database['query'] =>
    (async (statement) =>
      statement.text.includes('pg_stat_activity') && left-- > 0
        ? found
        : transaction.query(statement)) as Database['query']
  return {
    ...database,
    transact: (work) => database.transact((transaction) => work({ ...transaction, query: look(transaction) }))
  }
}

const empty = (pool: Pool) => pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')

/** An empty database at a migration. */
async function at(pool: Pool, migration: number): Promise<void> {
  await empty(pool)
  await databaseOf(pool).transact((transaction) => migrateWithin(transaction, migration))
}

function restore(pool: Pool, records: BackupRecord[], replace = false, database = databaseOf(pool)) {
  return openBackup(each(records)).then((backup) =>
    restoreBackup(database, backup, { secrets: ELSEWHERE, replace, progress() {} })
  )
}

const names = async (pool: Pool) => (await pool.query('SELECT username FROM users ORDER BY 1')).rows

async function backedUp(pool: Pool): Promise<BackupRecord[]> {
  await migrate(pool)
  const database = databaseOf(pool)
  await readRootSecret(database, SECRETS)
  await ensureKey(database, SECRETS)
  await pool.query(
    `INSERT INTO users (id, username, password_hash, created_at)
     SELECT gen_random_uuid(), name, 'none', now() FROM unnest(ARRAY['ada', 'grace']) AS name`
  )
  return readBackup(database, SECRETS, async (records) => {
    const all: BackupRecord[] = []
    for await (const record of records) all.push(record)
    return all
  })
}

/** The records of a backup with what its first one says changed. */
const saying = (change: Partial<Manifest>, [first, ...others]: BackupRecord[]): BackupRecord[] => {
  const { name, count, json } = first as BackupRecord
  return [{ name, count, json: JSON.stringify({ ...JSON.parse(json), ...change }) }, ...others]
}

test('restoring', async (t) => {
  const pool = await emptyPool(t)
  const records = await backedUp(pool)
  const ADA = [{ username: 'ada' }, { username: 'grace' }]
  const isRestored = async (t: Test) => {
    t.strictSame(await names(pool), ADA)
    t.strictSame(await readSchemaState(pool), { applied: NEWEST, newest: NEWEST })
    t.match(await readRootSecret(databaseOf(pool), ELSEWHERE), /^[\w-]{43}$/)
    t.strictSame((await pool.query('SELECT actor, action, detail FROM audit')).rows, [
      { actor: 'operator', action: 'backup restored', detail: { count: 2 } }
    ])
  }

  await t.test('makes the schema where there is none', async (t) => {
    await empty(pool)
    t.strictSame(await countContent(databaseOf(pool)), { users: 0, records: 0 })
    const { manifest, counts } = await restore(pool, records)
    t.match(manifest, { migration: NEWEST, made_at: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ })
    const none = Object.fromEntries(TABLES.map((table) => [table, 0]))
    t.strictSame(counts, { ...none, users: 2, signing_keys: 1, root_secret: 1 })
    await isRestored(t)
  })

  await t.test('restores accounts without a password', async (t) => {
    await empty(pool)
    const without = records.map((record) => ({
      ...record,
      json: record.json.replaceAll('"password_hash":"none"', '"password_hash":null')
    }))
    await restore(pool, without)
    await isRestored(t)
    t.strictSame((await pool.query('SELECT DISTINCT password_hash FROM users')).rows, [{ password_hash: null }])
  })

  await t.test('brings a backup of an older version up to date', async (t) => {
    await empty(pool)
    const tables = ['email_changes', 'email_tokens', 'mails']
    const older = saying({ migration: OLDER }, records).filter(({ name }) => !tables.includes(name))
    await restore(
      pool,
      older.map((record) => ({ ...record, json: record.json.replaceAll(',"email_version":1', '') }))
    )
    await isRestored(t)
    t.strictSame((await pool.query('SELECT DISTINCT email_version FROM users')).rows, [{ email_version: 1 }])
  })

  await t.test('replaces the tables of an older version', async (t) => {
    for (const migration of [OLDER, OLDEST]) {
      await at(pool, migration)
      t.strictSame(await countContent(databaseOf(pool)), { users: 0, records: 0 })
      await restore(pool, records)
      await isRestored(t)
    }
  })

  await t.test('waits for an instance that is just ending, and refuses while one goes on', async (t) => {
    await restore(pool, records, true, usedFor(1, pool))
    await isRestored(t)
    await pool.query('DELETE FROM users WHERE username = $1', ['grace'])
    t.match(await caught(restore(pool, records, true, usedFor(Number.POSITIVE_INFINITY, pool))), {
      name: 'RestoreRefusal',
      message: 'The database is in use by 2 connections of the service: stop all instances first.'
    })
    t.strictSame(await names(pool), [{ username: 'ada' }])
  })

  await t.test('refuses what it cannot take, and changes nothing', async (t) => {
    await restore(pool, records, true)
    await pool.query('DELETE FROM users WHERE username = $1', ['grace'])
    const without = (table: string) => records.filter(({ name }) => name !== table)
    for (const [what, name, given, message] of [
      [
        'a newer backup',
        'BackupRefusal',
        saying({ migration: NEWEST + 1 }, records),
        `The backup is at migration ${NEWEST + 1}; the newest of this version is ${NEWEST}: restore it with a newer version.`
      ],
      ['no records', 'BackupRefusal', [], 'The file is not a backup of Latchkey.'],
      ['records of something else', 'BackupRefusal', records.slice(1), 'The file is not a backup of Latchkey.'],
      [
        'one without a root secret',
        'BackupRefusal',
        without('root_secret'),
        'The backup has no root secret: its service was never started.'
      ],
      [
        'an unknown table',
        'BackupRefusal',
        [...records, { name: 'spells', count: 1, json: '[{}]' }],
        'The backup has rows of an unknown table: spells.'
      ],
      ['a row that does not fit', 'error', [...records, ...records.slice(1)], /duplicate key/]
    ] as const) {
      const error = await caught(restore(pool, [...given], true))
      t.match(error, { name, message }, what)
      t.strictSame(await names(pool), [{ username: 'ada' }], what)
    }
    t.match(await caught(restore(pool, records)), {
      name: 'RestoreRefusal',
      message:
        'The database contains 1 account and 1 record of the audit log, and nothing was changed: --replace deletes all of that.'
    })
    await pool.query(`UPDATE latchkey_migrations SET version = ${NEWEST + 1} WHERE version = ${NEWEST}`)
    const error = await caught(restore(pool, records, true))
    t.type(error, MigrationError)
    t.equal(
      (error as Error).message,
      `The database is at migration ${NEWEST + 1}. The newest of this version of the service is ${NEWEST}: run a newer version.`
    )
  })

  await t.test('can be tried without a database', async (t) => {
    const told: number[] = []
    const { counts } = await checkBackup(await openBackup(each(records)), (rows) => told.push(rows))
    t.match(counts, { users: 2, sessions: 0 })
    t.strictSame(told, [2, 3, 4])
    const unknown = [...records, { name: 'toString', count: 1, json: '[]' }]
    await t.rejects(
      openBackup(each(unknown)).then((backup) => checkBackup(backup, () => {})),
      { name: 'BackupRefusal' }
    )
  })
})
