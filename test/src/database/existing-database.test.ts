import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import {
  hasEmbedded,
  nameDatabase,
  requireEmbedded,
  requireSchema,
  requireSecret,
  requireStarted
} from '../../../src/database/existing-database.ts'
import { migrate, NEWEST } from '../../../src/database/migrations.ts'
import { ensureKey } from '../../../src/keys/signing-keys.ts'
import { readRootSecret } from '../../../src/secrets/root-secret.ts'
import { caught } from '../../helpers/caught.ts'
import { denied } from '../../helpers/denied.ts'
import { emptyPool, migratedPool } from '../../helpers/pool.ts'

test('a database is named without a password', (t) => {
  const DATABASE_URL = 'postgres://ada:secret@db.example.com:5433/people?sslmode=require'
  t.equal(nameDatabase({ DATABASE_URL, DATA_DIR: './data' }), 'db.example.com:5433/people')
  t.equal(nameDatabase({ DATA_DIR: './data' }), `embedded in ${process.cwd()}/data`)
  t.end()
})

test('an embedded database must exist, and is not created', (t) => {
  const folder = t.testdir({})
  t.throws(() => requireEmbedded(`${folder}/none`), {
    name: 'NoDatabase',
    message: /^There is no database in .*\/none\. Nothing was created\. .*--env-file, DATABASE_URL or DATA_DIR/
  })
  t.strictSame(readdirSync(folder), [])
  mkdirSync(`${folder}/postgres`)
  requireEmbedded(folder)
  t.end()
})

test('a secret must exist, and is not created', (t) => {
  const folder = t.testdir({})
  t.throws(() => requireSecret(folder), { message: `${folder}/secret.key is missing: restore it` })
  t.strictSame(readdirSync(folder), [])
  writeFileSync(`${folder}/secret.key`, 'a secret')
  requireSecret(folder)
  t.end()
})

test('a folder without read permission is not reported as missing', (t) => {
  const folder = t.testdir({ postgres: {}, 'secret.key': 'a secret' })
  denied(t, folder)
  for (const look of [hasEmbedded, requireEmbedded, requireSecret]) {
    t.throws(() => look(folder), { name: 'DataFolderError', message: `${folder} belongs to another user, ` })
  }
  t.end()
})

test('the schema must be that of this version, and is not changed', async (t) => {
  const pool = await emptyPool(t)
  const tables = async () =>
    (await pool.query("SELECT count(*)::int AS count FROM pg_tables WHERE schemaname = 'public'")).rows[0].count
  t.match(await caught(requireSchema(pool)), { name: 'NoDatabase', message: /^The database has no schema/ })
  t.equal(await tables(), 0)
  await migrate(pool)
  await requireSchema(pool)
  await pool.query('UPDATE latchkey_migrations SET version = version + 1 WHERE version = $1', [NEWEST])
  t.match(await caught(requireSchema(pool)), {
    name: 'MigrationError',
    message: `The database is at migration ${NEWEST + 1}. The newest of this version of the service is ${NEWEST}: run a newer version.`
  })
  await pool.query('DELETE FROM latchkey_migrations WHERE version >= $1', [NEWEST])
  t.match(await caught(requireSchema(pool)), {
    name: 'MigrationError',
    message: new RegExp(`^The database is at migration \\d+. This version needs ${NEWEST}: .*npm run migrate`)
  })
})

test('the service must have been started once', async (t) => {
  const database = createDatabase(await migratedPool(t), { timeout: 60_000 })
  const secrets = { current: 'only for tests, and long enough to be one' }
  const never = {
    name: 'NoDatabase',
    message: /^The service has never started on this database\. Nothing was created\./
  }
  t.match(await caught(requireStarted(database)), never)
  await ensureKey(database, secrets)
  t.match(await caught(requireStarted(database)), never)
  await readRootSecret(database, secrets)
  await requireStarted(database)
})
