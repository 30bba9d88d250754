import type { Database } from '../database/database.ts'
import { CLOCK, identifier, NOW, type Statement, sql } from '../database/sql.ts'
import type { Failure } from './delivery-error.ts'

/** What is delivered: a row of the table of an outbox. */
export interface Item {
  id: string
  /** How often it was claimed, including this time. */
  attempts: number
}

/** An item that this instance has claimed. */
export type Claimed<Row extends Item> = Row & {
  lane: string
  /** Whether it is too old to be delivered. */
  expired: boolean
}

interface Definition {
  /** Has the columns `id`, `attempts`, `created_at` and `next_attempt_at`. */
  table: string
  /** What `deliver` gets of a row, beside its id and attempts: expressions separated by commas. */
  columns: Statement
  /** An expression: of the items with the same lane, one at a time is delivered. */
  lane: Statement
  /** A condition: other rows are not delivered yet. */
  ready?: Statement
}

/**
 * A table of items to deliver, each at least once. A row is inserted in the transaction of the change that it reports: the
 * item is delivered if that commits.
 */
export interface Outbox<Row extends Item> {
  /**
   * Claims items that are due, the longest due first, and of each lane the first alone. A claim is a lease: no other
   * instance claims the item until it expires.
   *
   * @param limit the maximum number of items
   * @param busy lanes to leave out
   */
  claim(database: Database, limit: number, busy?: string[]): Promise<Claimed<Row>[]>
  /** The milliseconds until the next item becomes due, if there is one. */
  nextDue(database: Database): Promise<number | undefined>
  /** Deletes items that were delivered, or never will be. */
  remove(database: Database, ids: string[]): Promise<void>
  /**
   * Schedules the next attempt, unless another instance has claimed the item since. The pauses double, less a random part
   * of up to a half, so that items that failed together do not come back together.
   */
  postpone(database: Database, item: Claimed<Row>, failure: Exclude<Failure, 'permanent'>): Promise<void>
  /** Ends the claims of items that were not tried: any instance may claim them at once. */
  release(database: Database, items: Claimed<Row>[]): Promise<void>
  /** The number of items, including claimed ones; at most 100,000. */
  count(database: Database): Promise<number>
}

/** The duration of a claim, in seconds. If the instance dies, another one delivers the item after that. */
export const LEASE = 120

/** The age from which an item is not retried, in seconds. */
export const MAX_AGE = 86_400

/** The number of due items among which the first of each lane is searched. */
const WINDOW = 200

/** The pause after the first failed attempt, in seconds. */
const FIRST_PAUSE = 15

/** The maximum pause, in seconds. */
const MAX_PAUSE = { transient: 3600, unavailable: 60 }

/** The maximum of `count`: beyond that the exact number does not matter. */
const COUNTED = 100_000

export function createOutbox<Row extends Item>({
  table: name,
  columns,
  lane,
  ready = sql`true`
}: Definition): Outbox<Row> {
  const table = identifier(name)

  return {
    async claim(database, limit, busy = []) {
      return database.query<Claimed<Row>>(
        sql`WITH clock AS (
           SELECT ${NOW} AS moment
         ), oldest AS MATERIALIZED (
           SELECT id, ${lane} AS lane, next_attempt_at FROM ${table}, clock
           WHERE next_attempt_at <= moment AND ${ready} AND ${lane} <> ALL(${busy})
           ORDER BY next_attempt_at
           LIMIT ${WINDOW}
         ), first AS (
           SELECT DISTINCT ON (lane) id FROM oldest ORDER BY lane, next_attempt_at, id
         ), due AS MATERIALIZED (
           SELECT id, moment FROM ${table}, clock
           WHERE id IN (SELECT id FROM first) AND next_attempt_at <= moment
           ORDER BY next_attempt_at
           LIMIT ${limit}
           FOR UPDATE OF ${table} SKIP LOCKED
         )
         UPDATE ${table} SET attempts = attempts + 1, next_attempt_at = moment + make_interval(secs => ${LEASE})
         FROM due
         WHERE ${table}.id = due.id
         RETURNING ${table}.id, attempts, ${lane} AS lane, ${columns},
           extract(epoch FROM moment - created_at) >= ${MAX_AGE} AS expired`
      )
    },

    async nextDue(database) {
      const [row] = await database.query<{ due: number }>(
        sql`SELECT (extract(epoch FROM next_attempt_at - moment) * 1000)::float8 AS due
         FROM ${table}, ${CLOCK}
         WHERE next_attempt_at > moment
         ORDER BY next_attempt_at
         LIMIT 1`
      )
      return row?.due
    },

    async remove(database, ids) {
      await database.query(sql`DELETE FROM ${table} WHERE id = ANY(${ids}::uuid[])`)
    },

    async postpone(database, { id, attempts }, failure) {
      await database.query(
        sql`UPDATE ${table} SET next_attempt_at = ${NOW}
           + make_interval(secs => least(${FIRST_PAUSE} * 2 ^ least(${attempts}::int - 1, 20), ${MAX_PAUSE[failure]})
             * (1 - random() / 2))
         WHERE id = ${id} AND attempts = ${attempts}`
      )
    },

    async release(database, items) {
      const ids = items.map(({ id }) => id)
      const attempts = items.map((item) => item.attempts)
      await database.query(
        sql`UPDATE ${table} SET attempts = ${table}.attempts - 1, next_attempt_at = ${NOW}
         FROM unnest(${ids}::uuid[], ${attempts}::int[]) AS untried (id, attempts)
         WHERE ${table}.id = untried.id AND ${table}.attempts = untried.attempts`
      )
    },

    async count(database) {
      const [row] = await database.query<{ count: number }>(
        sql`SELECT count(*)::int AS count FROM (SELECT FROM ${table} LIMIT ${COUNTED}) AS counted`
      )
      return Number(row?.count)
    }
  }
}
