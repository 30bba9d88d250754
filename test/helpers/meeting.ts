import type pg from 'pg'
import { type Clock, systemClock } from '../../src/clock.ts'
import { createDatabase, type Database } from '../../src/database/database.ts'

/** Only there can two transactions meet: the embedded database has one connection. */
export const hasServer = Boolean(process.env.TEST_DATABASE_URL)

/**
 * Holds a transaction open after its work until what is begun meanwhile waits for it, or is done without.
 *
 * @returns what came of the two
 */
export async function meet<Held, Result>(
  pool: pg.Pool,
  hold: (transaction: Database) => Promise<Held>,
  begin: () => Promise<Result>,
  clock: Clock = systemClock
): Promise<[Held, Result]> {
  let begun: Promise<Result> | undefined
  const held = await createDatabase(pool, { clock, timeout: 60_000 }).transact(async (transaction) => {
    const result = await hold(transaction)
    let done = false
    begun = begin().finally(() => {
      done = true
    })
    const waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while (!done && (await pool.query(waits)).rowCount === 0);
    return result
  })
  return [held, await (begun as Promise<Result>)]
}
