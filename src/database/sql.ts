import pg from 'pg'
import { join, raw, Sql } from 'sql-template-tag'
import type { Clock } from '../clock.ts'

declare const brand: unique symbol

/**
 * A statement or fragment: text, and the values of its parameters. Only this file creates statements, so that a
 * concatenated string cannot be run.
 */
export type Statement = Sql & { readonly [brand]: true }

/** The value of a parameter. `undefined` is not allowed: use null. */
export type Value =
  | string
  | number
  | boolean
  | null
  | Date
  | Buffer
  | readonly Value[]
  | { readonly [key: string]: unknown }

/** Template tag for SQL: a nested statement becomes part of the text, any other value a parameter. */
export const sql = (strings: TemplateStringsArray, ...parts: (Statement | Value)[]) =>
  new Sql(strings, parts) as Statement

/** The name of a table, column or cursor, quoted. */
export const identifier = (name: string) => raw(pg.escapeIdentifier(name)) as Statement

/** Joins fragments with commas. Takes at least one. */
export const list = (fragments: readonly Statement[]) => join(fragments, ', ') as Statement

/** Joins conditions with AND, and omits those that are `false`. */
export const allOf = (...conditions: (Statement | false)[]) =>
  join([sql`true`, ...conditions.filter((condition) => condition !== false)], ' AND ') as Statement

/** Turns any text into a statement. Only for migration files. */
export const unsafeRaw = (text: string) => raw(text) as Statement

const OFFSET = Symbol('offset of the clock')

/** The database's time, `now()`, moved by the clock of the Database that runs the statement. */
export const NOW = sql`(now() + ${OFFSET as unknown as number} * interval '1 millisecond')`

/** For FROM: a row `clock` with `moment`, the present time, so that a statement evaluates it once. */
export const CLOCK = sql`(SELECT ${NOW} AS moment) AS clock`

/** Selects a number without loss: the driver returns int8 as text, and extra_float_digits may round float8. */
export const asNumber = (number: Statement) => sql`to_json(${number})`

/** Renders a statement for the driver. All occurrences of `NOW` share one parameter. */
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

/** The isolation level that transactions are written for, whatever the server's default is. */
export const BEGIN = sql`BEGIN ISOLATION LEVEL READ COMMITTED`
export const COMMIT = sql`COMMIT`
export const ROLLBACK = sql`ROLLBACK`

/** The first statement of a read-only transaction that sees one snapshot. */
export const SNAPSHOT = sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`

/** Selects whether the database is read-only, as `readOnly`. */
export const SELECT_READ_ONLY = sql`SELECT current_setting('transaction_read_only')::boolean AS "readOnly"`

/**
 * Disables the timeouts of the role and the database until the transaction ends, as pg_dump does: for work whose
 * duration grows with the data.
 */
export const NO_TIMEOUTS = sql`SELECT set_config(name, '0', true)
  FROM unnest(ARRAY['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout']) AS name
  WHERE current_setting(name, true) IS NOT NULL`
