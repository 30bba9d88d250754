import { test } from 'tap'
import { TABLES } from '../../src/backup.ts'
import { migratedDatabase, poolOf } from '../database.ts'

test('a backup holds every table of the schema', async (t) => {
  const pool = await poolOf(t, await migratedDatabase(t))
  const named = async (sql: string) => (await pool.query<{ name: string }>(sql)).rows.map(({ name }) => name).sort()
  const tables = await named("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
  // What says which migrations were applied is made anew by them.
  t.strictSame(tables, ['latchkey_migrations', ...TABLES].sort(), 'a new table belongs into src/backup.ts')
  t.strictSame(
    await named("SELECT sequencename AS name FROM pg_sequences WHERE schemaname = 'public'"),
    [],
    'no counters'
  )
})
