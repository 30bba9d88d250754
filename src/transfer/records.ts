import { pipeline, type Readable } from 'node:stream'
import { type Static, Type } from '@sinclair/typebox'
import { Ajv, type ErrorObject } from 'ajv'
import formats from 'ajv-formats'
import { CsvError, parse as parseCsv } from 'csv-parse'
import { parseJson } from '../http/json-body.ts'
import { describeFaults } from '../http/validation.ts'
import { importHash } from '../passwords/foreign-hash.ts'
import { Identified } from '../schemas/answers.ts'
import { Email, Metadata, metadataFaults, Roles, sortRoles, Username } from '../schemas/fields.ts'
import { readLines } from './read-lines.ts'

/** The formats of a file of accounts: one JSON object on each line, or CSV with a header. */
export const FORMATS = ['jsonl', 'csv'] as const

export type Format = (typeof FORMATS)[number]

/** Derives the format from the name of a file. */
export const formatOf = (file: string): Format => (file.endsWith('.csv') ? 'csv' : 'jsonl')

const Time = Type.String({ format: 'moment', description: 'a time from 1970 to 2099 (RFC 3339)' })

/** BCP 47, as far as letters depend on it. */
const Locale = Type.String({
  maxLength: 35,
  pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$',
  description: 'the tag of a language, such as de'
})

/** An account in a file. */
const FileRecord = Type.Object(
  {
    id: Type.Optional(Identified.properties.id),
    username: Type.Optional(Username),
    email: Type.Optional(Email),
    email_verified: Type.Optional(Type.Boolean()),
    password_hash: Type.Optional(Type.Unsafe<string | object>({ type: ['string', 'object'], maxLength: 2048 })),
    created_at: Type.Optional(Time),
    disabled_at: Type.Optional(Time),
    locale: Type.Optional(Locale),
    roles: Type.Optional(Roles),
    metadata: Type.Optional(Metadata),
    last_login_at: Type.Optional(Time)
  },
  { additionalProperties: false, anyOf: [{ required: ['username'] }, { required: ['email'] }] }
)

/** The keys of an account in a file, in the order of an export. */
export const FIELDS = Object.keys(FileRecord.properties) as (keyof Static<typeof FileRecord>)[]

/** A valid account, with its password hash in the format of the database: null for an account without a password. */
export type UserRecord = Omit<Static<typeof FileRecord>, 'password_hash'> & { password_hash: string | null }

/** A refused account. The messages contain no values of it. */
export interface RefusedRecord {
  line: number
  code: 'MALFORMED' | 'VALIDATION_FAILED' | 'HASH_REFUSED' | 'ACCOUNT_EXISTS'
  errors: { path: string; message: string }[]
}

/** An account of a file, valid or refused. */
export type Entry = { line: number; record: UserRecord } | RefusedRecord

interface ReadOptions {
  format: Format
  /** Ignores unknown keys, instead of refusing accounts with them. */
  ignoreUnknown: boolean
}

/** The maximum length of a line or of a row of CSV, in bytes: that of the body of a request. */
const MAX_BYTES = 16_384

const ajv = new Ajv({ allErrors: true, verbose: true, validateSchema: false, strict: false })
formats.default(ajv)
ajv.addFormat('moment', isMoment)
const isValid = ajv.compile<Static<typeof FileRecord>>(FileRecord)

/**
 * Reads and validates the accounts of a file.
 *
 * @throws Error if CSV has unknown columns or is malformed
 */
export async function* readRecords(input: Readable, { format, ignoreUnknown }: ReadOptions): AsyncGenerator<Entry> {
  const values = format === 'csv' ? readCsv(input, ignoreUnknown) : readJsonLines(input)
  for await (const { line, value, fault } of values) {
    if (fault !== undefined) yield refuse(line, 'MALFORMED', fault)
    else yield validate(line, normalizeTimes(ignoreUnknown ? pickKnown(value) : value))
  }
}

interface Value {
  line: number
  value?: unknown
  fault?: string
}

async function* readJsonLines(input: Readable): AsyncGenerator<Value> {
  for await (const { number: line, bytes } of readLines(input, MAX_BYTES)) {
    if (!bytes) yield { line, fault: `is longer than ${MAX_BYTES} bytes` }
    else if (bytes.some((byte) => byte > 0x20)) yield { line, ...omitNulls(readJson(stripBom(bytes))) }
  }
}

/** Some editors write a byte order mark. */
const stripBom = (bytes: Buffer) => (bytes.subarray(0, 3).equals(BOM) ? bytes.subarray(3) : bytes)

const BOM = Buffer.from('\ufeff')

function readJson(bytes: Buffer): Omit<Value, 'line'> {
  try {
    return { value: parseJson(bytes) }
  } catch {
    return { fault: 'is not a JSON document in valid UTF-8' }
  }
}

async function* readCsv(input: Readable, ignoreUnknown: boolean): AsyncGenerator<Value> {
  const rows = parseCsv({ bom: true, info: true, max_record_size: MAX_BYTES, relax_column_count: true })
  // Errors of the input are thrown where the rows are read.
  pipeline(input, rows, () => {})
  let columns: string[] | undefined
  for await (const { line, cells } of wellFormed(rows)) {
    if (!columns) columns = checkColumns(cells, ignoreUnknown)
    else if (cells.some((cell) => MARKED.test(cell))) yield { line, fault: 'was written with --for-spreadsheets' }
    else if (cells.length === columns.length) yield { line, value: readRow(columns, cells) }
    else if (cells.join('') !== '') yield { line, fault: 'does not have one field for each column' }
  }
}

/** Stops at malformed CSV: after a misplaced quote, the end of a row is ambiguous. */
async function* wellFormed(rows: AsyncIterable<{ info: { lines: number }; record: string[] }>) {
  try {
    for await (const { info, record } of rows) yield { line: info.lines, cells: record }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new Error(`Line ${error.lines} is not valid CSV: correct the file and run this again.`)
  }
}

function checkColumns(columns: string[], ignoreUnknown: boolean): string[] {
  const unknown = columns.filter((name) => !isField(name))
  if (unknown.length === 0 || ignoreUnknown) return columns
  throw new Error(
    `Unknown columns: ${unknown.join(', ')}. Rename them to ${FIELDS.join(', ')}, or use --ignore-unknown.`
  )
}

/** Converts a row of CSV to an object. Omits empty cells. */
function readRow(columns: string[], cells: string[]): object {
  const named = columns.map((name, index): [string, string] => [name, cells[index] as string])
  return Object.fromEntries(
    named.filter(([, text]) => text !== '').map(([name, text]) => [name, CELLS[name]?.(text) ?? text])
  )
}

/** The values of cells that are no text. What cannot be read stays text, which validation refuses. */
const CELLS: Record<string, (text: string) => unknown> = {
  email_verified: (text) => BOOLEANS[text.toLowerCase()],
  roles: (text) => text.trim().split(/\s+/),
  metadata: (text) => readJson(Buffer.from(text)).value
}

/** As PostgreSQL, MySQL and SQLite write them. */
const BOOLEANS: Record<string, boolean> = { true: true, false: false, t: true, f: false, 1: true, 0: false }

/** The start of a cell that a spreadsheet evaluates as a formula, or white space that it skips before one. */
export const FORMULA = /^[=+\-@\t\r\n]/

/** The start of a cell that `--for-spreadsheets` has marked as text. */
const MARKED = /^'[=+\-@\t\r\n]/

/** A key that is null counts as absent. */
function omitNulls({ value, ...rest }: Omit<Value, 'line'>): Omit<Value, 'line'> {
  if (!isObject(value)) return { value, ...rest }
  return { value: Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null)), ...rest }
}

function pickKnown(value: unknown): unknown {
  return isObject(value) ? Object.fromEntries(Object.entries(value).filter(([name]) => isField(name))) : value
}

/** Converts the times of an account to RFC 3339. */
function normalizeTimes(value: unknown): unknown {
  if (!isObject(value)) return value
  const account: Record<string, unknown> = { ...value }
  for (const name of ['created_at', 'disabled_at', 'last_login_at']) {
    if (typeof account[name] === 'string') account[name] = toRfc3339(account[name])
  }
  return account
}

/**
 * Converts the formats of databases and other services: a space instead of `T`, as COPY of PostgreSQL writes, an offset
 * without minutes, or nanoseconds. Returns other text unchanged, which validation refuses; a time needs an offset.
 */
function toRfc3339(text: string): string {
  const [, date, time, fraction = '', sign, hours, minutes = '00'] = FOREIGN_TIME.exec(text) ?? []
  if (time === undefined) return text
  return `${date}T${time}${fraction.slice(0, 7)}${sign ? `${sign}${hours}:${minutes}` : 'Z'}`
}

const FOREIGN_TIME = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d{1,9})? ?(?:[Zz]|UTC|([+-])(\d\d)(?::?(\d\d))?)$/

/** Whether a text is a valid time (RFC 3339) from 1970 to 2099 that PostgreSQL accepts, with up to microseconds. */
function isMoment(text: string): boolean {
  return MOMENT.test(text) && new Date(`${text.slice(0, 10)}T00:00Z`).getUTCDate() === Number(text.slice(8, 10))
}

const MOMENT =
  /^(?:19[7-9]|20\d)\d-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/

const isField = (name: string) => Object.hasOwn(FileRecord.properties, name)

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function validate(line: number, value: unknown): Entry {
  if (!isValid(value))
    return { line, code: 'VALIDATION_FAILED', errors: describeFaults(isValid.errors as ErrorObject[]) }
  const { password_hash: given, ...rest } = value
  // Without the place of a number: the report contains no keys of metadata.
  const [fault] = metadataFaults(rest.metadata ?? {})
  if (fault) return refuse(line, 'VALIDATION_FAILED', fault.message, '/metadata')
  const { hash, reason } = given === undefined ? { hash: null } : importHash(given)
  if (hash === undefined) return refuse(line, 'HASH_REFUSED', reason, '/password_hash')
  const roles = rest.roles && { roles: sortRoles(rest.roles) }
  return { line, record: { ...rest, ...roles, password_hash: hash } }
}

function refuse(line: number, code: RefusedRecord['code'], message: string, path = ''): RefusedRecord {
  return { line, code, errors: [{ path, message }] }
}
