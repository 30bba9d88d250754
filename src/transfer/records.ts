import { pipeline, type Readable } from 'node:stream'
import { type Static, Type } from '@sinclair/typebox'
import { Ajv, type ErrorObject } from 'ajv'
import formats from 'ajv-formats'
import { CsvError, parse as parseCsv } from 'csv-parse'
import { parseJson } from '../http/json-body.ts'
import { describeFaults } from '../http/validation.ts'
import { adoptHash } from '../passwords/foreign-hash.ts'
import { NO_PASSWORD } from '../passwords/stored-hash.ts'
import { Identified } from '../schemas/answers.ts'
import { Email, Username } from '../schemas/fields.ts'
import { readLines } from './read-lines.ts'

/** How accounts stand in a file: one JSON object a line, or CSV with the names of its columns first. */
export const FORMATS = ['jsonl', 'csv'] as const

export type Format = (typeof FORMATS)[number]

/** The format that a file's name tells. */
export const formatOf = (file: string): Format => (file.endsWith('.csv') ? 'csv' : 'jsonl')

const Time = Type.String({ format: 'moment', description: 'a time from 1970 to 2099 (RFC 3339)' })

/** An account in a file. */
const Given = Type.Object(
  {
    id: Type.Optional(Identified.properties.id),
    username: Type.Optional(Username),
    email: Type.Optional(Email),
    email_verified: Type.Optional(Type.Boolean()),
    password_hash: Type.Optional(Type.Unsafe<string | object>({ type: ['string', 'object'], maxLength: 2048 })),
    created_at: Type.Optional(Time),
    disabled_at: Type.Optional(Time)
  },
  { additionalProperties: false, anyOf: [{ required: ['username'] }, { required: ['email'] }] }
)

/** The names that an account in a file may have, in the order of an export. */
export const FIELDS = Object.keys(Given.properties) as (keyof Static<typeof Given>)[]

/** An account that may be stored: its hash in the normal form. */
export type UserRecord = Omit<Static<typeof Given>, 'password_hash'> & { password_hash: string }

/** Why an account was not taken, in words that hold nothing of it but the names of its keys. */
export interface Refusal {
  line: number
  code: 'MALFORMED' | 'VALIDATION_FAILED' | 'HASH_REFUSED' | 'ACCOUNT_EXISTS'
  errors: { path: string; message: string }[]
}

/** What stands in one place of a file. */
export type Entry = { line: number; record: UserRecord } | Refusal

interface Reading {
  format: Format
  /** Leave out keys that are not known, instead of refusing what has them. */
  ignoreUnknown: boolean
}

/** A line, or a row of CSV, has at most as many bytes as the body of a request. */
const LONGEST = 16_384

const ajv = new Ajv({ allErrors: true, verbose: true, validateSchema: false, strict: false })
formats.default(ajv)
ajv.addFormat('moment', isMoment)
const fits = ajv.compile<Static<typeof Given>>(Given)

/**
 * The accounts of a file, one after the other.
 *
 * @throws what the whole file is at fault with: columns of CSV that are not known
 */
export async function* readRecords(input: Readable, { format, ignoreUnknown }: Reading): AsyncGenerator<Entry> {
  const values = format === 'csv' ? readCsv(input, ignoreUnknown) : readJsonLines(input)
  for await (const { line, value, fault } of values) {
    if (fault !== undefined) yield refuse(line, 'MALFORMED', fault)
    else yield judge(line, inOneForm(ignoreUnknown ? known(value) : value))
  }
}

interface Value {
  line: number
  value?: unknown
  fault?: string
}

async function* readJsonLines(input: Readable): AsyncGenerator<Value> {
  for await (const { number: line, bytes } of readLines(input, LONGEST)) {
    if (!bytes) yield { line, fault: `is longer than ${LONGEST} bytes` }
    else if (bytes.some((byte) => byte > 0x20)) yield { line, ...readJson(withoutMark(bytes)) }
  }
}

/** Some editors begin a file with a byte order mark. */
const withoutMark = (bytes: Buffer) => (bytes.subarray(0, 3).equals(MARK) ? bytes.subarray(3) : bytes)

const MARK = Buffer.from('\ufeff')

function readJson(bytes: Buffer): Omit<Value, 'line'> {
  try {
    return { value: withoutNulls(parseJson(bytes)) }
  } catch {
    return { fault: 'is not one JSON document in valid UTF-8' }
  }
}

async function* readCsv(input: Readable, ignoreUnknown: boolean): AsyncGenerator<Value> {
  const rows = parseCsv({ bom: true, info: true, max_record_size: LONGEST, relax_column_count: true })
  // What goes wrong comes out where the rows are read.
  pipeline(input, rows, () => {})
  let columns: string[] | undefined
  for await (const { line, cells } of wellFormed(rows)) {
    if (!columns) columns = checked(cells, ignoreUnknown)
    else if (cells.some((cell) => MARKED.test(cell))) yield { line, fault: 'was written with --for-spreadsheets' }
    else if (cells.length === columns.length) yield { line, value: readRow(columns, cells) }
    else if (cells.join('') !== '') yield { line, fault: 'has not as many fields as there are columns' }
  }
}

/** After a quote in the wrong place nobody knows where a row ends, and so the rest is not guessed at. */
async function* wellFormed(rows: AsyncIterable<{ info: { lines: number }; record: string[] }>) {
  try {
    for await (const { info, record } of rows) yield { line: info.lines, cells: record }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new Error(`From line ${error.lines} on the file is no CSV: mend it and run this again.`)
  }
}

function checked(columns: string[], ignoreUnknown: boolean): string[] {
  const unknown = columns.filter((name) => !isField(name))
  if (unknown.length === 0 || ignoreUnknown) return columns
  throw new Error(
    `These columns are not known: ${unknown.join(', ')}. Rename them to ${FIELDS.join(', ')}, or --ignore-unknown.`
  )
}

/** A row of texts as the object that it stands for; what is empty is not there. */
function readRow(columns: string[], cells: string[]): object {
  const named = columns.map((name, index): [string, string] => [name, cells[index] as string])
  return Object.fromEntries(
    named
      .filter(([, text]) => text !== '')
      .map(([name, text]) => [name, name === 'email_verified' ? (BOOLEANS[text.toLowerCase()] ?? text) : text])
  )
}

/** As PostgreSQL, MySQL and SQLite write them. */
const BOOLEANS: Record<string, boolean> = { true: true, false: false, t: true, f: false, 1: true, 0: false }

/** What a program for spreadsheets takes for a formula, or drops so that one follows. */
export const FORMULA = /^[=+\-@\t\r\n]/

/** What `--for-spreadsheets` has put before a formula. */
const MARKED = /^'[=+\-@\t\r\n]/

function withoutNulls(value: unknown): unknown {
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null))
}

function known(value: unknown): unknown {
  return isObject(value) ? Object.fromEntries(Object.entries(value).filter(([name]) => isField(name))) : value
}

/** An account with its times as RFC 3339 has them. */
function inOneForm(value: unknown): unknown {
  if (!isObject(value)) return value
  const account: Record<string, unknown> = { ...value }
  for (const name of ['created_at', 'disabled_at']) {
    if (typeof account[name] === 'string') account[name] = toRfc3339(account[name])
  }
  return account
}

/**
 * A time as databases and other services write it: with a space, as PostgreSQL's COPY does, with the hours of the offset
 * alone, or to the nanosecond. What is none stays as it is, also without an offset: that would have to be guessed.
 */
function toRfc3339(text: string): string {
  const [, date, time, fraction = '', sign, hours, minutes = '00'] = TIME_ELSEWHERE.exec(text) ?? []
  if (time === undefined) return text
  return `${date}T${time}${fraction.slice(0, 7)}${sign ? `${sign}${hours}:${minutes}` : 'Z'}`
}

const TIME_ELSEWHERE = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d{1,9})? ?(?:[Zz]|UTC|([+-])(\d\d)(?::?(\d\d))?)$/

/** What PostgreSQL takes for a time, microseconds included, and is one. */
function isMoment(text: string): boolean {
  return MOMENT.test(text) && new Date(`${text.slice(0, 10)}T00:00Z`).getUTCDate() === Number(text.slice(8, 10))
}

const MOMENT =
  /^(?:19[7-9]|20\d)\d-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)$/

const isField = (name: string) => Object.hasOwn(Given.properties, name)

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function judge(line: number, value: unknown): Entry {
  if (!fits(value)) return { line, code: 'VALIDATION_FAILED', errors: describeFaults(fits.errors as ErrorObject[]) }
  const { password_hash: given, ...rest } = value
  const { hash, reason } = given === undefined ? { hash: NO_PASSWORD } : adoptHash(given)
  if (hash === undefined) return refuse(line, 'HASH_REFUSED', reason, '/password_hash')
  return { line, record: { ...rest, password_hash: hash } }
}

function refuse(line: number, code: Refusal['code'], message: string, path = ''): Refusal {
  return { line, code, errors: [{ path, message }] }
}
