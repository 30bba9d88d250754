import { chmodSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg, { type Pool } from 'pg'
import { test } from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { openEmbedded } from '../../../src/database/embedded.ts'
import { migrate, NEWEST } from '../../../src/database/migrations.ts'
import { openPool } from '../../../src/database/open-pool.ts'
import { inspectDatabase, inspectFiles } from '../../../src/doctor/inspect.ts'
import { addPasskey } from '../../../src/factors/passkeys.ts'
import { readOrCreateSecret } from '../../../src/secrets/secret-file.ts'
import { addUser } from '../../../src/users/users.ts'
import { startOnce } from '../../helpers/command.ts'
import {
  configured,
  emptyDatabase,
  fillDataFolder,
  migratedDatabase,
  type TestDatabase
} from '../../helpers/database.ts'
import { denied } from '../../helpers/denied.ts'
import { CLOSED_PORT, serverOver } from '../../helpers/servers.ts'

const SECRET_KEY = 'q8Zr3Yw1xT5vB7nM2kL9pQ4sD6fG0hJc'

/** Inspects the database of an environment. `about` selects the findings on one subject. */
async function inspect(environment: NodeJS.ProcessEnv) {
  const findings = await inspectDatabase(readConfig(environment))
  return {
    findings,
    isBad: findings.some(({ state }) => state === 'bad'),
    about: (subject: string) => findings.filter((finding) => finding.about === subject)
  }
}

/** Stores a passkey as an installation with another PUBLIC_URL would. */
async function addForeignPasskey(pool: Pool): Promise<void> {
  const database = createDatabase(pool, { timeout: 60_000 })
  const { id } = await addUser(database, { username: 'eve', passwordHash: 'none' })
  await addPasskey(database, id, {
    credentialId: Buffer.from('an id'),
    publicKey: Buffer.from('a key'),
    signCount: 0,
    transports: [],
    rpId: 'example.com',
    aaguid: '00000000-0000-0000-0000-000000000000',
    backupEligible: false,
    backedUp: false
  })
}

test('inspects an embedded database', async (t) => {
  const DATA_DIR = join(t.testdir({}), 'data')
  const message = `embedded in ${DATA_DIR}`

  const before = await inspect({ DATA_DIR })
  t.match(before.about('database'), [{ state: 'good', message: `${message}, which the first start creates` }])
  t.notOk(before.isBad)

  await fillDataFolder(DATA_DIR, { migrated: false })
  const { close } = await openEmbedded(DATA_DIR)
  const during = await inspect({ DATA_DIR })
  t.match(during.about('database'), [{ message: `${message}; not inspected, since it is in use` }])
  t.strictSame([during.isBad, during.about('schema')], [false, []])
  await close()

  const empty = await inspect({ DATA_DIR })
  t.match(empty.about('schema'), [{ state: 'warning', message: `at migration 0 of ${NEWEST}` }])
  t.strictSame(empty.about('signing key'), [])

  const { pool, close: end } = await openPool(readConfig({ DATA_DIR }), () => {})
  await migrate(pool).finally(end)
  await startOnce({ config: readConfig({ DATA_DIR }) })
  const after = await inspect({ DATA_DIR })
  t.match(after.about('schema'), [{ state: 'good', message: `up to date at migration ${NEWEST}` }])
  t.match(after.about('signing key'), [{ state: 'good', message: '0 days old' }])
  const file = join(DATA_DIR, 'secret.key')
  t.match(after.about(file), [{ state: 'good', message: 'decrypts the root secret' }, { state: 'good' }])
  t.notOk(after.isBad)

  chmodSync(join(DATA_DIR, 'secret.key'), 0o644)
  const open = await inspect({ DATA_DIR })
  t.match(open.about(file), [{ state: 'good' }, { state: 'bad' }])
  t.ok(open.isBad)

  writeFileSync(file, SECRET_KEY, { mode: 0o600 })
  const strange = await inspect({ DATA_DIR })
  t.match(strange.about(file), [{ state: 'bad', message: 'does not decrypt the root secret' }, {}])
  t.ok(strange.isBad)
  t.match((await inspect({ DATA_DIR, SECRET_KEY })).about('SECRET_KEY'), [{ state: 'bad' }])
  rmSync(file)
  const without = await inspect({ DATA_DIR })
  t.match(without.about(file), [{ state: 'bad', message: 'cannot be read' }])
  t.notOk(existsSync(file), 'and makes none')
})

test('reports a directory that other users can access, inspects it, and changes nothing', async (t) => {
  const DATA_DIR = join(t.testdir({}), 'data')
  await fillDataFolder(DATA_DIR)
  readOrCreateSecret(DATA_DIR)
  // What PostgreSQL does not write anew whenever it starts or stops.
  const kept = ['', 'secret.key', 'postgres', 'postgres/PG_VERSION', 'postgres/base', 'postgres/global']
  const modes = () => kept.map((path) => [path, (statSync(join(DATA_DIR, path)).mode & 0o777).toString(8)])
  for (const path of kept) {
    const isFolder = statSync(join(DATA_DIR, path)).isDirectory()
    chmodSync(join(DATA_DIR, path), isFolder ? 0o755 : 0o644)
  }
  const before = modes()
  for (const run of ['first', 'second']) {
    const { isBad, about } = await inspect({ DATA_DIR })
    t.match(about(DATA_DIR), [{ state: 'bad', message: 'accessible to other users (0755)' }], run)
    t.match(about(join(DATA_DIR, 'secret.key')), [{ state: 'bad' }], run)
    t.match(about('schema'), [{ state: 'good' }], run)
    t.ok(isBad)
    t.strictSame(modes(), before, `the ${run} run changes nothing`)
    t.strictSame(readdirSync(DATA_DIR).sort(), ['postgres', 'secret.key'])
  }
})

test('reports a directory of another user', async (t) => {
  const DATA_DIR = t.testdir({ postgres: {} })
  denied(t, DATA_DIR)
  const { about } = await inspect({ DATA_DIR })
  t.match(about('database'), [{ state: 'bad', message: `${DATA_DIR} belongs to another user, ` }])
})

test('reports an embedded database that cannot be opened', async (t) => {
  const damaged = t.testdir({ postgres: 'a file, where a folder should be' })
  const { about } = await inspect({ DATA_DIR: damaged })
  t.match(about('database'), [
    { state: 'bad', message: `The embedded database in ${damaged}/postgres cannot be opened` }
  ])

  const open = t.testdir({ postgres: {}, 'letter.txt': '' })
  chmodSync(open, 0o755)
  t.match((await inspect({ DATA_DIR: open })).about('database'), [{ state: 'bad', message: 'is open to other users' }])
})

test('inspects a server', async (t) => {
  const urlOf = async (database: TestDatabase) => ('url' in database ? database.url : serverOver(t, database.pglite))
  const variables = { SECRET_KEY, DATABASE_POOL: '1' }

  const empty = await inspect({ ...variables, DATABASE_URL: await urlOf(await emptyDatabase(t)) })
  t.match(empty.about('server'), [{ state: 'good', message: /^PostgreSQL \d+$/ }])
  t.match(empty.about('clock'), [{ state: 'good', message: /^\d+ ms (ahead of|behind) this machine$/ }])
  t.match(empty.about('schema'), [{ state: 'warning' }])

  const DATABASE_URL = await urlOf(await migratedDatabase(t))
  const migrated = await inspect({ ...variables, DATABASE_URL })
  t.match(migrated.about('DATABASE_POOL'), [{ state: /good|warning/ }])
  t.match(migrated.about('signing key'), [{ message: 'none yet: the first start creates one' }])
  t.strictSame(migrated.about('SECRET_KEY'), [])
  t.strictSame(migrated.about('passkeys'), [])

  await startOnce({ config: readConfig({ ...variables, DATABASE_URL }) })
  t.match((await inspect({ ...variables, DATABASE_URL })).about('SECRET_KEY'), [{ state: 'good' }])
  t.strictSame((await inspect({ ...variables, DATABASE_URL })).about('SMTP_URL'), [])
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 1 })
  await pool.query(
    `INSERT INTO users (id, username, password_hash, created_at, mfa_required)
     VALUES (gen_random_uuid(), 'ada', '', now(), true), (gen_random_uuid(), 'grace', '', now(), false)`
  )
  await pool.end()
  t.match((await inspect({ ...variables, DATABASE_URL })).about('SMTP_URL'), [{ message: /1 account with second/ }])
  const opened = await openPool(readConfig({ ...variables, DATABASE_URL }), () => {})
  await addForeignPasskey(opened.pool).finally(opened.close)
  t.match((await inspect({ ...variables, DATABASE_URL })).about('passkeys'), [
    { state: 'bad', message: '1 passkey of another RP ID than localhost: nobody can use them' }
  ])
  const strange = await inspect({ ...variables, DATABASE_URL, SECRET_KEY: 'another secret, which opens nothing' })
  t.match(strange.about('SECRET_KEY'), [{ state: 'bad', message: 'does not decrypt the root secret' }])
  t.ok(strange.isBad)
})

test('reports a search_path without the tables', async (t) => {
  const database = await configured(await migratedDatabase(t), 'search_path', 'nowhere')
  const DATABASE_URL = 'url' in database ? database.url : await serverOver(t, database.pglite)
  const { about } = await inspect({ SECRET_KEY, DATABASE_URL })
  t.match(about('search_path'), [{ state: 'bad', message: /in the schema public$/ }])
  t.strictSame(about('schema'), [])
})

test('reports why a server cannot be used, without the password', async (t) => {
  const port = CLOSED_PORT
  const DATABASE_URL = `postgres://ada:the-secret-password@127.0.0.1:${port}/latchkey`
  const { findings, about } = await inspect({ SECRET_KEY, DATABASE_URL })
  t.match(about('database'), [{ state: 'bad', message: `127.0.0.1:${port}/latchkey cannot be used: ECONNREFUSED` }])
  t.notMatch(JSON.stringify(findings), 'the-secret-password')
})

test('checks the permissions of files that exist', (t) => {
  const folder = t.testdir({ '.env': '' })
  const file = join(folder, '.env')
  chmodSync(file, 0o640)
  t.strictSame(inspectFiles([file, join(folder, 'missing')]), [
    { about: file, state: 'bad', message: 'accessible to other users (0640)', fix: `chmod go= ${file}` }
  ])
  chmodSync(file, 0o600)
  t.match(inspectFiles([file]), [{ about: file, state: 'good' }])
  t.end()
})
