import pg from 'pg'
import { join, raw, Sql } from 'sql-template-tag'
import type { Clock } from '../clock.ts'

declare const made: unique symbol

/**
 * A statement or a fragment of one: the text, and apart from it the values of the parameters. Only the exports of this
 * file make one, so that a string that was put together cannot be run.
 */
export type Statement = Sql & { readonly [made]: true }

/** The value of a parameter. `undefined` is none: write null where that is meant. */
export type Value =
  | string
  | number
  | boolean
  | null
  | Date
  | Buffer
  | readonly Value[]
  | { readonly [key: string]: unknown }

/** The tag of all SQL: a statement in a template becomes part of its text, anything else a parameter. */
export const sql = (strings: TemplateStringsArray, ...parts: (Statement | Value)[]) =>
  new Sql(strings, parts) as Statement

/** The name of a table, column or cursor, quoted. */
export const identifier = (name: string) => raw(pg.escapeIdentifier(name)) as Statement

/** Fragments separated by commas; at least one. */
export const list = (fragments: readonly Statement[]) => join(fragments, ', ') as Statement

/** Conditions joined by AND, leaving out those that are `false`. */
export const allOf = (...conditions: (Statement | false)[]) =>
  join([sql`true`, ...conditions.filter((condition) => condition !== false)], ' AND ') as Statement

/** SQL from a file, without any check: for migrations alone. */
export const unsafeRaw = (text: string) => raw(text) as Statement

const OFFSET = Symbol('offset of the clock')

/** The database's time, moved by the clock of the Database that runs the statement. */
export const NOW = sql`(now() + ${OFFSET as unknown as number} * interval '1 millisecond')`

/** For FROM: one row, `clock`, whose `moment` is the present time. */
export const CLOCK = sql`(SELECT ${NOW} AS moment) AS clock`

/** A number in full as a number: an int8 arrives as text otherwise, and a float8 rounded as extra_float_digits says. */
export const asNumber = (number: Statement) => sql`to_json(${number})`

/** A statement as the driver takes it. All occurrences of `NOW` share one parameter. */
export function render({ strings, values }: Statement, { offset }: Clock): { text: string; values: unknown[] } {
  const sent: unknown[] = []
  let text = strings[0] as string
  let now = 0
  for (const [index, value] of values.entries()) {
    if (value !== OFFSET) text += `$${sent.push(value)}`
    else {
      now ||= sent.push(offset)
      text += `$${now}`
    }
    text += strings[index + 1]
  }
  return { text, values: sent }
}

/** The isolation that transactions are written for, whatever the server, the database or the role is set to. */
export const BEGIN = sql`BEGIN ISOLATION LEVEL READ COMMITTED`
export const COMMIT = sql`COMMIT`
export const ROLLBACK = sql`ROLLBACK`

/** The first statement of a transaction that only reads, and sees everything as of one moment. */
export const SNAPSHOT = sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`

/**
 * Switches off the timeouts that the role or the database may be set to, until the transaction ends: for work whose length
 * depends on how much is stored, as pg_dump does.
 */
export const NO_TIMEOUTS = sql`SELECT set_config(name, '0', true) FROM pg_settings
  WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`
