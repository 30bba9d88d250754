import type pg from 'pg'
import type { Test } from 'tap'
import { emptyDatabase, migratedDatabase, poolOf } from './database.ts'

/** A pool over an empty database, both gone when the test ends. */
export const emptyPool = async (t: Test): Promise<pg.Pool> => poolOf(t, await emptyDatabase(t))

/** A pool over a database with the current schema, both gone when the test ends. */
export const migratedPool = async (t: Test): Promise<pg.Pool> => poolOf(t, await migratedDatabase(t))
