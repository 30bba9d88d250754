import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { test } from 'tap'
import { createDatabase } from '../../../src/database/database.ts'
import { MigrationError, migrate, migrateWithin, readSchemaState } from '../../../src/database/migrations.ts'
import { caught } from '../../helpers/caught.ts'
import { emptyDatabase, poolOf } from '../../helpers/database.ts'
import { hasServer } from '../../helpers/meeting.ts'
import { completed, handwrittenServer, welcome } from '../../helpers/servers.ts'

const SQL = fileURLToPath(new URL('../../../sql/', import.meta.url))

const FILES = {
  '001.do.words.sql': 'CREATE TABLE words (word text);\n',
  '002.do.first.sql': "INSERT INTO words VALUES ('first');\n"
}

const words = async (pool: pg.Pool) => (await pool.query('SELECT word FROM words')).rows.map(({ word }) => word)

const exists = async (pool: pg.Pool, table: string) =>
  (await pool.query('SELECT to_regclass($1) IS NOT NULL AS exists', [table])).rows[0].exists

test('migrating', async (t) => {
  const database = await emptyDatabase(t)
  const pool = await poolOf(t, database)
  const empty = () => pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')

  await t.test('the files of sql/ are applied once, in their order', async (t) => {
    await empty()
    const files = readdirSync(SQL).sort()
    const names = files.map((file) => file.replace(/^0*(\d+)\.do\.(.+)\.sql$/, '$1 $2'))
    t.strictSame(await readSchemaState(pool), { applied: 0, newest: Number.parseInt(String(files.at(-1)), 10) })
    t.strictSame(await migrate(pool), names)
    t.strictSame(await readSchemaState(pool), {
      applied: Number.parseInt(String(files.at(-1)), 10),
      newest: Number.parseInt(String(files.at(-1)), 10)
    })
    t.strictSame(await migrate(pool), [])
    const { rows } = await pool.query(
      "SELECT version || ' ' || name AS name, md5 FROM latchkey_migrations WHERE version > 0 ORDER BY version"
    )
    const md5 = (file: string) =>
      createHash('md5')
        .update(readFileSync(join(SQL, file)))
        .digest('hex')
    t.strictSame(
      rows,
      files.map((file, index) => ({ name: names[index], md5: md5(file) }))
    )
  })

  await t.test('a new file is applied on top of the old ones', async (t) => {
    await empty()
    const folder = t.testdir({ old: FILES, new: { ...FILES, '003.do.next.sql': "INSERT INTO words VALUES ('next')" } })
    t.strictSame(await migrate(pool, join(folder, 'old')), ['1 words', '2 first'])
    t.strictSame(await migrate(pool, join(folder, 'new')), ['3 next'])
    t.strictSame(await words(pool), ['first', 'next'])
  })

  await t.test('a folder may have any name', async (t) => {
    await empty()
    const name = 'a [b] {c,d} (e|f) *?! é'
    const folder = t.testdir({ [name]: FILES })
    t.strictSame(await migrate(pool, join(folder, name)), ['1 words', '2 first'])
  })

  await t.test('of several instances that start at once on an empty database, one migrates it', async (t) => {
    await empty()
    const other = 'url' in database ? await poolOf(t, database) : pool
    const applied = await Promise.all([pool, other, pool, other].map((each) => migrate(each)))
    t.strictSame(applied.map(({ length }) => length).sort(), [0, 0, 0, readdirSync(SQL).length])
    t.strictSame(await migrate(other), [])
  })

  await t.test('a file that has been changed since it was applied', async (t) => {
    await empty()
    const changed = { ...FILES, '002.do.first.sql': "INSERT INTO words VALUES ('other');\n" }
    const more = { '003.do.next.sql': "INSERT INTO words VALUES ('next')" }
    const crlf = Object.fromEntries(Object.entries(FILES).map(([file, text]) => [file, text.replace('\n', '\r\n')]))
    const folder = t.testdir({ old: FILES, changed: { ...changed, ...more }, crlf })
    await migrate(pool, join(folder, 'old'))

    await t.test('stops the start, and no new file is applied', async (t) => {
      const error = await caught(migrate(pool, join(folder, 'changed')))
      t.strictSame(
        [error instanceof MigrationError, error.name, error.message],
        [
          true,
          'MigrationError',
          'Migration 2 in sql/ differs from the one that was applied to this database: restore the file, and put the change into a new one'
        ]
      )
      t.strictSame(await words(pool), ['first'])
    })

    await t.test('is the same with the line ends of another system', async (t) => {
      t.strictSame(await migrate(pool, join(folder, 'crlf')), [])
    })
  })

  await t.test('a database of a newer version stops the start', async (t) => {
    await empty()
    const folder = t.testdir({ old: { '001.do.words.sql': FILES['001.do.words.sql'] }, new: FILES })
    await migrate(pool, join(folder, 'new'))
    const error = await caught(migrate(pool, join(folder, 'old')))
    t.strictSame(
      [error instanceof MigrationError, error.message],
      [true, 'The database is at migration 2. The newest of this version of the service is 1: run a newer version.']
    )
    t.strictSame(await words(pool), ['first'])
  })

  await t.test('a file that fails rolls everything back, and the next attempt starts again', async (t) => {
    await empty()
    const folder = t.testdir({ broken: { ...FILES, '003.do.broken.sql': 'SELECT 1 / 0' }, fixed: FILES })
    const error = await caught(migrate(pool, join(folder, 'broken')))
    t.match(error, { code: '22012', message: 'division by zero' })
    t.strictSame([await exists(pool, 'words'), await exists(pool, 'latchkey_migrations')], [false, false])
    t.equal(pool.idleCount, pool.totalCount, 'the connection is given back')
    t.strictSame(await migrate(pool, join(folder, 'fixed')), ['1 words', '2 first'])
  })
})

test('the tables are in the schema that is named, beside those of others', async (t) => {
  const pool = await poolOf(t, await emptyDatabase(t))
  await pool.query('CREATE TABLE users (of_the_host text)')
  const folder = t.testdir(FILES)
  const error = await caught(migrate(pool, folder, 'auth'))
  t.match(error, {
    name: 'MigrationError',
    message: /^The connections use the schema public, not auth as DATABASE_SCHEMA/
  })
  t.equal((await pool.query("SELECT to_regnamespace('auth') AS schema")).rows[0].schema, null, 'nothing is created')
  await pool.query('SET search_path = auth')
  t.strictSame(await migrate(pool, folder, 'auth'), ['1 words', '2 first'])
  t.strictSame(await migrate(pool, folder, 'auth'), [])
  t.ok(await exists(pool, 'auth.words'))
  t.notOk(await exists(pool, 'public.words'))
  await pool.query('SET search_path = public')
  t.strictSame(await migrate(pool, folder), ['1 words', '2 first'], 'another one in the same database')
  await pool.query('DROP SCHEMA auth CASCADE')
})

test('a lost connection is reported as such, and the pool continues with another', async (t) => {
  const url = await handwrittenServer(t, (socket, { type, text }, connection) => {
    if (type === '') socket.write(welcome)
    else if (connection === 1 && !text.startsWith('BEGIN')) socket.destroy()
    else if (type === 'Q') socket.write(completed(text))
  })
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  t.teardown(() => pool.end())
  t.equal((await caught(migrate(pool))).message, 'Connection terminated unexpectedly')
  t.strictSame((await pool.query('SELECT 1')).rows, [])
})

test('the migration of the administration takes over what is stored', async (t) => {
  const pool = await poolOf(t, await emptyDatabase(t))
  await createDatabase(pool, { timeout: 60_000 }).transact((transaction) => migrateWithin(transaction, 21))
  const [ada, grace, linus, mary] = [1, 2, 3, 4].map((digit) => `00000000-0000-0000-0000-00000000000${digit}`)
  await pool.query(
    `INSERT INTO users (id, username, password_hash, created_at) VALUES
       ('${ada}', 'ada', 'x', now()), ('${grace}', 'grace', NULL, now()), ('${linus}', 'linus', '!', now()),
       ('${mary}', 'mary', NULL, now())`
  )
  await pool.query(
    `INSERT INTO sessions (id, user_id, family_hash, rotating_hash, created_at, last_used_at)
     SELECT gen_random_uuid(), '${ada}', '', '', at, now() FROM unnest('{2026-01-01,2026-03-01}'::timestamptz[]) AS at`
  )
  await pool.query(
    `INSERT INTO identities (id, user_id, provider, issuer, subject, linked_at)
     VALUES (gen_random_uuid(), '${grace}', 'google', 'https://id.example', '1', now())`
  )
  await pool.query(
    `INSERT INTO audit (seq, at, actor, action, mac)
     SELECT seq, timestamptz '2026-01-01T10:30:00Z' + seq * interval '20 minutes', 'client', action, ''
     FROM unnest('{login,login held off,login throttled,login}'::text[]) WITH ORDINALITY AS record (action, seq)`
  )
  t.match(await migrate(pool), ['22 administration'])

  const users = await pool.query('SELECT id, roles, metadata, last_login_at, signed_in FROM users ORDER BY id')
  const none = { roles: [], metadata: {}, last_login_at: null }
  t.strictSame(users.rows, [
    { ...none, id: ada, last_login_at: new Date('2026-03-01'), signed_in: true },
    { ...none, id: grace, signed_in: true },
    { ...none, id: linus, signed_in: false },
    { ...none, id: mary, signed_in: false }
  ])
  const counts = await pool.query('SELECT * FROM audit_counts ORDER BY hour, action')
  const hour = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour))
  t.strictSame(counts.rows, [
    { hour: hour(10), action: 'login', count: 1 },
    { hour: hour(11), action: 'login', count: 1 },
    { hour: hour(11), action: 'login throttled', count: 2 }
  ])
})

if (hasServer) {
  test('the migration of the lists waits for a transaction of the version before, which goes on', async (t) => {
    const pool = await poolOf(t, await emptyDatabase(t))
    await createDatabase(pool, { timeout: 60_000 }).transact((transaction) => migrateWithin(transaction, 22))
    await pool.query(
      "INSERT INTO users (id, username, created_at, roles) VALUES (gen_random_uuid(), 'ada', now(), '{admin}')"
    )
    const before = await pool.connect()
    await before.query('BEGIN')
    await before.query('SELECT FROM users')
    const migration = migrate(pool)
    const waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while ((await pool.query(waiting)).rowCount === 0);
    await before.query("UPDATE users SET roles = '{editor}'; COMMIT").finally(() => before.release())
    t.match(await migration, ['23 lists'])
    const { rows } = await pool.query("SELECT role, state FROM users_by_role WHERE state = 'all'")
    t.strictSame(rows, [{ role: 'editor', state: 'all' }])
  })
}
