import type { Database } from '../database/database.ts'
import { type Statement, sql } from '../database/sql.ts'
import { NO_PASSWORD } from '../passwords/stored-hash.ts'
import { escapeSteering } from '../printable.ts'
import { FIELDS, FORMULA, type Format } from './records.ts'

/** How many accounts are read at once. */
const BATCH = 1_000

/** How long each of these may take, in milliseconds. */
const TIMEOUT = 60_000

type Row = Record<(typeof FIELDS)[number], string | boolean | null>

/** To the microsecond, as the database has it. */
const time = (column: Statement) =>
  sql`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ${column}`

/**
 * All accounts in the order of their ids, as text that `readRecords` reads, with their hashes. It goes through the
 * table batch by batch: accounts that are made meanwhile may be among them or not.
 *
 * @param openDatabase gives a database with a deadline of its own for each batch
 * @param forSpreadsheets whether a cell of CSV is marked as text where a spreadsheet would take it for a formula
 */
export async function* exportUsers(
  openDatabase: (timeout: number) => Database,
  format: Format,
  forSpreadsheets = false
): AsyncGenerator<{ text: string; accounts: number }> {
  const row = forSpreadsheets ? (cells: Cell[]) => csv(cells.map(asText)) : csv
  if (format === 'csv') yield { text: csv(FIELDS), accounts: 0 }
  let after: string | null = null
  for (;;) {
    const rows: (Row & { id: string })[] = await openDatabase(TIMEOUT).query(
      sql`SELECT id, username, email, email_verified, nullif(password_hash, ${NO_PASSWORD}) AS password_hash,
              ${time(sql`created_at`)}, ${time(sql`disabled_at`)}
       FROM users WHERE ${after}::uuid IS NULL OR id > ${after} ORDER BY id LIMIT ${BATCH}`
    )
    const last = rows.at(-1)
    if (!last) return
    after = last.id
    yield {
      text: rows.map(format === 'csv' ? (account) => row(FIELDS.map((name) => account[name])) : json).join(''),
      accounts: rows.length
    }
  }
}

/** What is null is left out. */
const json = (row: Row) => `${escapeSteering(JSON.stringify(row, (_key, value) => value ?? undefined))}\n`

type Cell = string | boolean | null

/** What is behind an apostrophe is no formula (OWASP, CSV injection). */
const asText = (value: Cell) => (typeof value === 'string' && FORMULA.test(value) ? `'${value}` : value)

const csv = (cells: Cell[]) => `${cells.map(cell).join()}\n`

/** RFC 4180 §2.6 and 2.7. */
function cell(value: Cell): string {
  const text = String(value ?? '')
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
