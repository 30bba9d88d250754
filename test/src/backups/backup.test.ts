import { randomBytes } from 'node:crypto'
import { test } from 'tap'
import { changeSealed, DERIVED_TABLES, readBackup, TABLES } from '../../../src/backups/backup.ts'
import type { BackupRecord } from '../../../src/backups/framing.ts'
import { createDatabase } from '../../../src/database/database.ts'
import { NEWEST } from '../../../src/database/migrations.ts'
import { ensureKey, KeyMismatch } from '../../../src/keys/signing-keys.ts'
import { RootSecretMismatch, readRootSecret } from '../../../src/secrets/root-secret.ts'
import { caught } from '../../helpers/caught.ts'
import { migratedPool } from '../../helpers/pool.ts'

const SECRETS = { current: 'only for tests, and long enough to be one' }

test('a backup', async (t) => {
  const pool = await migratedPool(t)
  const database = createDatabase(pool, { timeout: 60_000 })
  const all = (secrets = SECRETS) =>
    readBackup(database, secrets, async (records) => {
      const read: BackupRecord[] = []
      for await (const record of records) read.push(record)
      return read
    })

  await t.test('holds every table of the schema', async (t) => {
    const named = async (sql: string) => (await pool.query<{ name: string }>(sql)).rows.map(({ name }) => name).sort()
    const tables = await named("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    // What says which migrations were applied is made anew by them.
    t.strictSame(
      tables,
      ['latchkey_migrations', ...TABLES, ...DERIVED_TABLES].sort(),
      'a new table belongs into src/backups/backup.ts'
    )
    const sequences = await named("SELECT sequencename AS name FROM pg_sequences WHERE schemaname = 'public'")
    t.strictSame(sequences, [], 'no counters')
  })

  await t.test('of a service that has never started says what it is of alone', async (t) => {
    const [first, ...others] = await all()
    t.match(first, { name: 'backup', count: 1 })
    t.match(JSON.parse(String(first?.json)), { migration: NEWEST, made_at: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ })
    t.strictSame(others, [])
  })

  await t.test('has a table in several parts, and what is sealed in the clear', async (t) => {
    await pool.query(
      `INSERT INTO users (id, username, password_hash, created_at)
       SELECT gen_random_uuid(), 'user' || n, 'none', now() FROM generate_series(1, 2001) AS n`
    )
    const root = await readRootSecret(database, SECRETS)
    await ensureKey(database, SECRETS)
    const records = await all()
    t.strictSame(
      records.map(({ name, count }) => [name, count]),
      [
        ['backup', 1],
        ['users', 1000],
        ['users', 1000],
        ['users', 1],
        ['signing_keys', 1],
        ['root_secret', 1]
      ]
    )
    for (const { count, json } of records.slice(1)) t.equal(JSON.parse(json).length, count)
    const [{ sealed }] = JSON.parse(String(records.at(-1)?.json))
    t.equal(Buffer.from(sealed.slice(2), 'hex').toString('base64url'), root)
  })

  await t.test('takes the secrets that what it has is sealed with', async (t) => {
    const other = { current: 'another secret, of another installation' }
    t.type(await caught(all(other)), KeyMismatch)
    await pool.query('DELETE FROM signing_keys')
    t.type(await caught(all(other)), RootSecretMismatch)
  })
})

test('of a row, what is sealed changes alone', async (t) => {
  const [one, other] = [randomBytes(4), randomBytes(4)]
  const hex = (bytes: Buffer) => `\\x${bytes.toString('hex')}`
  const change = (bytes: Buffer, kid?: string) => {
    t.strictSame([bytes, kid], [one, expected])
    return other
  }
  let expected: string | undefined = 'first'
  t.strictSame(
    JSON.parse(changeSealed('signing_keys', JSON.stringify({ kid: 'first', private_key: hex(one) }), change)),
    {
      kid: 'first',
      private_key: hex(other)
    }
  )
  expected = undefined
  t.strictSame(JSON.parse(changeSealed('root_secret', JSON.stringify({ id: true, sealed: hex(one) }), change)), {
    id: true,
    sealed: hex(other)
  })
  const never = () => t.fail('nothing is sealed') as unknown as Buffer
  for (const [table, row] of [
    ['users', '{"sealed": 1.0}'],
    ['signing_keys', '{"kid": "revoked", "private_key": null}']
  ] as const) {
    t.equal(changeSealed(table, row, never), row, 'to the letter')
  }
})
