import type { Database } from '../database/database.ts'
import { type Statement, sql } from '../database/sql.ts'
import { NO_PASSWORD } from '../passwords/stored-hash.ts'
import { escapeControls } from '../printable.ts'
import { FIELDS, FORMULA, type Format } from './records.ts'

/** The number of accounts that one statement reads. */
const BATCH = 1_000

/** The timeout of a batch, in milliseconds. */
const TIMEOUT = 60_000

type Row = Record<(typeof FIELDS)[number], Cell>

/** Formats a time in UTC with microseconds, the precision of the database. */
const time = (column: Statement) =>
  sql`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ${column}`

/**
 * Exports all accounts with their password hashes, in the order of their ids, as text for `readRecords`. Reads the table in
 * batches: accounts that are created during the export may be missing.
 *
 * @param openDatabase opens a database with a timeout in milliseconds; called for each batch
 * @param forSpreadsheets whether to mark CSV cells as text that a spreadsheet would evaluate as a formula
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
              ${time(sql`created_at`)}, ${time(sql`disabled_at`)}, locale,
              nullif(roles, '{}') AS roles, nullif(metadata, '{}') AS metadata, ${time(sql`last_login_at`)}
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

/** Omits null values. */
function json(row: Row): string {
  const present = Object.entries(row).filter(([, value]) => value !== null)
  return `${escapeControls(JSON.stringify(Object.fromEntries(present)))}\n`
}

/** Roles are a list, and metadata is an object. */
type Cell = string | boolean | string[] | object | null

/** Spreadsheets do not evaluate a cell that begins with an apostrophe (OWASP, CSV injection). */
const asText = (value: Cell) => (typeof value === 'string' && FORMULA.test(value) ? `'${value}` : value)

const csv = (cells: Cell[]) => `${cells.map(cell).join()}\n`

/** RFC 4180 §2.6 and 2.7. */
function cell(value: Cell): string {
  const text = Array.isArray(value) ? value.join(' ') : isText(value) ? String(value ?? '') : JSON.stringify(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const isText = (value: Cell) => typeof value !== 'object' || value === null
