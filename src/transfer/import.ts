import { v7 as uuid } from 'uuid'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import type { Entry, Refusal, UserRecord } from './records.ts'

/** What came of an import. */
export interface Imported {
  read: number
  imported: number
  /** Accounts of the file that are in the database as they are there, from a run before. */
  already_there: number
  refused: number
}

interface Importing {
  /** A database with a deadline of its own, in milliseconds. */
  openDatabase(timeout: number): Database
  /** Told of each entry that is refused, in the order of the file. */
  refuse(refusal: Refusal): Promise<void>
  /** Told how far it has come, after each batch. */
  progress(soFar: Imported): void
}

/** How many accounts go into the database at once. */
const BATCH = 500

/** How long one batch may take, and a rehearsal in all, in milliseconds. */
const [TIMEOUT, LONG_PATIENCE] = [60_000, 3_600_000]

/**
 * Stores the accounts of a file. Those of one batch are stored by one statement, and so all of them or none: an import
 * that was broken off goes on where it was when it is run again. A rename at the same moment breaks it off, where it gives
 * up a username of the file.
 */
export async function importUsers(
  entries: AsyncIterable<Entry>,
  { openDatabase, refuse, progress }: Importing
): Promise<Imported> {
  const sum: Imported = { read: 0, imported: 0, already_there: 0, refused: 0 }

  async function store(batch: Entry[]): Promise<void> {
    const database = openDatabase(TIMEOUT)
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
 * What an import would come to. It is done in one transaction, which is taken back at the end: until then nobody else
 * can register with a name of the file.
 */
export async function rehearse(entries: AsyncIterable<Entry>, importing: Importing): Promise<Imported> {
  let sum: Imported | undefined
  await importing
    .openDatabase(LONG_PATIENCE)
    .transact(async (transaction) => {
      sum = await importUsers(entries, { ...importing, openDatabase: () => transaction })
      throw new TakenBack()
    })
    .catch((error) => {
      if (!(error instanceof TakenBack)) throw error
    })
  return sum as Imported
}

/** Ends a transaction without a trace. */
class TakenBack extends Error {}

/** A record as the statements take it. */
interface Candidate extends UserRecord {
  line: number
  id: string
  /** Whether the id is the file's own, and not made here. */
  identified: boolean
}

function candidateOf({ line, record }: { line: number; record: UserRecord }, clock: Clock): Candidate {
  // An id of this kind begins with the time, so that accounts stay in the order in which they were made.
  const msecs = record.created_at === undefined ? clock.now() : Date.parse(record.created_at)
  const id = record.id?.toLowerCase() ?? uuid({ msecs })
  return { ...record, line, id, identified: record.id !== undefined }
}

const rowsOf = (candidates: Candidate[]) => sql`jsonb_to_recordset(${JSON.stringify(candidates)}::jsonb) AS candidate (
  line integer, id uuid, username text, email text, email_verified boolean, password_hash text,
  created_at timestamptz, disabled_at timestamptz
)`

async function storeBatch(database: Database, candidates: Candidate[]) {
  const inserted = await database.query<{ id: string }>(
    sql`INSERT INTO users (id, username, email, email_verified, password_hash, created_at, disabled_at)
     SELECT id, username, email, coalesce(email_verified, false), password_hash,
            coalesce(created_at, ${NOW}), disabled_at
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
  // The first of several with one id is the one that was stored.
  const others = candidates.filter(({ id }) => !ids.delete(id))
  return { imported: inserted.length, refusals: await explain(database, others) }
}

/** Who has what a candidate could not have. */
interface Owners {
  id: string | null
  username: string | null
  email: string | null
  password_hash: string | null
}

/** Why candidates were not stored; those that are there already are left out. */
async function explain(database: Database, candidates: Candidate[]): Promise<Refusal[]> {
  if (candidates.length === 0) return []
  const owners = await database.query<Owners>(
    sql`SELECT by_id AS id, by_username AS username, by_email AS email,
            (SELECT password_hash FROM users WHERE users.id = coalesce(by_username, by_email)) AS password_hash
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

/** Whether each name of the candidate is the one account's with its id, or where the file has no ids, with its hash. */
function isThere({ username, email, identified, password_hash }: Candidate, owner: Owners): boolean {
  const named = [username && owner.username, email && owner.email].filter((id) => id !== undefined)
  const expected = identified ? owner.id : named[0]
  return !!expected && named.every((id) => id === expected) && (identified || owner.password_hash === password_hash)
}

function taken({ line }: Candidate, owner: Owners): Refusal {
  const names = (['username', 'email'] as const).filter((name) => owner[name] && owner[name] !== owner.id)
  const keys = owner.id && names.length === 0 ? (['id'] as const) : names
  return { line, code: 'ACCOUNT_EXISTS', errors: keys.map((key) => ({ path: `/${key}`, message: 'is taken' })) }
}
