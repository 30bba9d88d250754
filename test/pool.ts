import type pg from 'pg'
import type { Test } from 'tap'
import { migrate } from '../src/migrations.ts'
import { emptyDatabase, migratedDatabase, poolOf, type TestDatabase } from './database.ts'

/** A pool over a database, ended with the test. */
export async function quietPool(t: Test, database: TestDatabase): Promise<pg.Pool> {
  const pool = await poolOf(t, database)
  // The database may be dropped while the server still sees off the last connection.
  pool.on('error', () => {})
  return pool
}

/** A pool over an empty database, both gone when the test ends. */
export async function emptyPool(t: Test): Promise<pg.Pool> {
  return quietPool(t, await emptyDatabase(t))
}

/** A pool over a database with the current schema, both gone when the test ends. */
export async function migratedPool(t: Test): Promise<pg.Pool> {
  const pool = await quietPool(t, await migratedDatabase(t))
  await migrate(pool)
  return pool
}
