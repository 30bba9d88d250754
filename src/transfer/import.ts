import { v7 as uuid } from 'uuid'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import { NO_PASSWORD } from '../passwords/stored-hash.ts'
import type { Entry, RefusedRecord, UserRecord } from './records.ts'

/** The result of an import: numbers of accounts. */
export interface Imported {
  read: number
  imported: number
  /** Accounts that an earlier run has imported. */
  already_there: number
  refused: number
}

interface ImportOptions {
  /** Opens a database with a timeout, in milliseconds. */
  openDatabase(timeout: number): Database
  /** Called for each refused entry, in the order of the file. */
  refuse(refusal: RefusedRecord): Promise<void>
  /** Called after each batch. */
  progress(soFar: Imported): void
}

/** The number of accounts that one statement stores. */
const BATCH = 500

/** The timeout of a batch, in milliseconds. */
const BATCH_TIMEOUT = 60_000

/** The timeout of a whole dry run, in milliseconds. */
const DRY_RUN_TIMEOUT = 3_600_000

/**
 * Imports the accounts of a file. One statement stores a batch, so that an interrupted import can be run again, and
 * continues where it stopped. A concurrent rename that frees a username of the file aborts the import.
 */
export async function importUsers(
  entries: AsyncIterable<Entry>,
  { openDatabase, refuse, progress }: ImportOptions
): Promise<Imported> {
  const sum: Imported = { read: 0, imported: 0, already_there: 0, refused: 0 }

  async function store(batch: Entry[]): Promise<void> {
    const database = openDatabase(BATCH_TIMEOUT)
    const candidates = batch.flatMap((entry) => ('record' in entry ? candidateOf(entry, database.clock) : []))
    const { imported, refusals } = await storeBatch(database, candidates)
    const refused = batch.filter((entry) => 'code' in entry).concat(refusals)
    for (const refusal of refused.sort((a, b) => a.line - b.line)) await refuse(refusal)
    sum.read += batch.length
    sum.imported += imported
    sum.already_there += candidates.length - imported - refusals.length
    sum.refused += refused.length
    progress(sum)
  }

  let batch: Entry[] = []
  for await (const entry of entries) {
    batch.push(entry)
    if (batch.length < BATCH) continue
    await store(batch)
    batch = []
  }
  await store(batch)
  return sum
}

/**
 * Returns what an import would do: imports the accounts in one transaction, and rolls it back. Until then, registrations
 * with a name of the file wait.
 */
export async function dryRunImport(entries: AsyncIterable<Entry>, options: ImportOptions): Promise<Imported> {
  let sum: Imported | undefined
  await options
    .openDatabase(DRY_RUN_TIMEOUT)
    .transact(async (transaction) => {
      sum = await importUsers(entries, { ...options, openDatabase: () => transaction })
      throw new Rollback()
    })
    .catch((error) => {
      if (!(error instanceof Rollback)) throw error
    })
  return sum as Imported
}

/** Thrown to roll back a transaction. */
class Rollback extends Error {}

/** A record with its line and id. */
interface Candidate extends UserRecord {
  line: number
  id: string
  /** Whether the file contains the id; otherwise it is generated. */
  identified: boolean
}

function candidateOf({ line, record }: { line: number; record: UserRecord }, clock: Clock): Candidate {
  // A UUID of version 7 begins with a timestamp: it keeps accounts in the order of their creation.
  const msecs = record.created_at === undefined ? clock.now() : Date.parse(record.created_at)
  const id = record.id?.toLowerCase() ?? uuid({ msecs })
  return { ...record, line, id, identified: record.id !== undefined }
}

const rowsOf = (candidates: Candidate[]) => sql`jsonb_to_recordset(${JSON.stringify(candidates)}::jsonb) AS candidate (
  line integer, id uuid, username text, email text, email_verified boolean, password_hash text,
  created_at timestamptz, disabled_at timestamptz, locale text, roles text[], metadata jsonb,
  last_login_at timestamptz
)`

async function storeBatch(database: Database, candidates: Candidate[]) {
  const inserted = await database.query<{ id: string }>(
    sql`INSERT INTO users (id, username, email, email_verified, password_hash, created_at, disabled_at, locale, roles,
       metadata, last_login_at, signed_in)
     SELECT id, username, email, coalesce(email_verified, false), password_hash,
            coalesce(created_at, ${NOW}), disabled_at, locale, coalesce(roles, '{}'), coalesce(metadata, '{}'),
            last_login_at, last_login_at IS NOT NULL
     FROM ${rowsOf(candidates)}
     WHERE NOT EXISTS (
       SELECT FROM resting_usernames AS resting
       WHERE resting.username = lower(candidate.username COLLATE "C") AND user_id IS DISTINCT FROM candidate.id
         AND until > ${NOW}
     )
     ORDER BY line
     ON CONFLICT DO NOTHING
     RETURNING id, refuse_resting_username(username, id, ${NOW})`
  )
  const ids = new Set(inserted.map(({ id }) => id))
  // Of several candidates with one id, the first was stored.
  const others = candidates.filter(({ id }) => !ids.delete(id))
  return { imported: inserted.length, refusals: await explain(database, others) }
}

/** The accounts that have the id or a name of a candidate, by their ids. */
interface Owners {
  id: string | null
  username: string | null
  email: string | null
  /** That of the account with the name; null also if it has no password. */
  password_hash: string | null
}

/** Returns why candidates were not stored. Omits those that an earlier run has imported. */
async function explain(database: Database, candidates: Candidate[]): Promise<RefusedRecord[]> {
  if (candidates.length === 0) return []
  const owners = await database.query<Owners>(
    sql`SELECT by_id AS id, by_username AS username, by_email AS email,
            (SELECT nullif(password_hash, ${NO_PASSWORD}) FROM users
             WHERE users.id = coalesce(by_username, by_email)) AS password_hash
     FROM (
       SELECT line,
              (SELECT id FROM users WHERE id = candidate.id) AS by_id,
              coalesce(
                (SELECT id FROM users WHERE lower(username COLLATE "C") = lower(candidate.username COLLATE "C")),
                (SELECT coalesce(user_id, '00000000-0000-0000-0000-000000000000') FROM resting_usernames AS resting
                 WHERE resting.username = lower(candidate.username COLLATE "C")
                   AND until > ${NOW})
              ) AS by_username,
              (SELECT id FROM users WHERE lower(email COLLATE "C") = lower(candidate.email COLLATE "C")) AS by_email
       FROM ${rowsOf(candidates)}
     ) AS found ORDER BY line`
  )
  return candidates.flatMap((candidate, index) => {
    const owner = owners[index] as Owners
    return isThere(candidate, owner) ? [] : taken(candidate, owner)
  })
}

/** Whether one account has all names of the candidate and its id or, if the file has no ids, its password hash. */
function isThere({ username, email, identified, password_hash }: Candidate, owner: Owners): boolean {
  const named = [username && owner.username, email && owner.email].filter((id) => id !== undefined)
  const expected = identified ? owner.id : named[0]
  return !!expected && named.every((id) => id === expected) && (identified || owner.password_hash === password_hash)
}

function taken({ line }: Candidate, owner: Owners): RefusedRecord {
  const names = (['username', 'email'] as const).filter((name) => owner[name] && owner[name] !== owner.id)
  const keys = owner.id && names.length === 0 ? (['id'] as const) : names
  return { line, code: 'ACCOUNT_EXISTS', errors: keys.map((key) => ({ path: `/${key}`, message: 'is taken' })) }
}
