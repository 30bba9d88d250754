import type { Database } from '../database/database.ts'
import { readVersion } from '../database/migrations.ts'
import { identifier, SNAPSHOT, sql, UNTIMED } from '../database/sql.ts'
import { unwrapPrivateKey } from '../keys/signing-keys.ts'
import { countOf } from '../plural.ts'
import { openRootSecret } from '../secrets/root-secret.ts'
import type { Secrets } from '../secrets/sealing.ts'
import type { BackupRecord } from './framing.ts'

/**
 * What a backup holds: every table but the one of the migrations, in an order in which a row comes after those that it
 * refers to. A table that is new in the schema belongs here.
 */
export const TABLES = [
  'users',
  'sessions',
  'resting_usernames',
  'email_changes',
  'email_tokens',
  'mails',
  'signing_keys',
  'root_secret',
  'limits',
  'audit',
  'audit_head'
] as const

export type Table = (typeof TABLES)[number]

/** How many rows of each table. */
export type Counts = Record<string, number>

/** What a backup holds, as it is told to people. */
export const inWords = ({ users = 0, sessions = 0 }: Counts) =>
  `${countOf(users, 'account')}, ${countOf(sessions, 'session')} and all else`

/** The first record of a backup: what the others are. */
export interface Manifest {
  /** The migration that the schema is at. */
  migration: number
  /** RFC 3339, by the clock of the database. */
  made_at: string
}

/** Reads the next rows of a table. */
const FETCH = sql`FETCH 1000 FROM rows`

/** Rows as JSON texts, whatever the server is set to: bytes in hexadecimal, times to the microsecond and in UTC. */
const FORM = sql`SELECT set_config('bytea_output', 'hex', true), set_config('timezone', 'UTC', true)`

/**
 * Everything as it stands at one moment, whatever is written meanwhile. What the database has sealed with SECRET_KEY is
 * in the clear in it, so that a database with another SECRET_KEY can take it: it has to be sealed at once.
 *
 * @param use takes the records, inside of the transaction in which they are read
 * @throws KeyMismatch or RootSecretMismatch where a secret is missing that opens one of them
 */
export function readBackup<Result>(
  database: Database,
  secrets: Secrets,
  use: (records: AsyncIterable<BackupRecord>) => Promise<Result>
): Promise<Result> {
  return database.transact(async (snapshot) => {
    await snapshot.query(SNAPSHOT)
    await snapshot.query(FORM)
    await snapshot.query(UNTIMED)
    return use(recordsOf(snapshot, secrets))
  })
}

async function* recordsOf(snapshot: Database, secrets: Secrets): AsyncGenerator<BackupRecord> {
  const [clock] = await snapshot.query<{ now: Date }>(sql`SELECT now()`)
  const manifest: Manifest = {
    migration: await readVersion((statement) => snapshot.query(statement)),
    made_at: (clock as { now: Date }).now.toISOString()
  }
  yield { name: 'backup', count: 1, json: JSON.stringify(manifest) }
  for (const table of TABLES) {
    await snapshot.query(
      sql`DECLARE rows NO SCROLL CURSOR FOR SELECT row_to_json(stored)::text AS row FROM ${identifier(table)} AS stored`
    )
    for (;;) {
      const rows = await snapshot.query<{ row: string }>(FETCH)
      if (rows.length === 0) break
      const texts = rows.map(({ row }) => changeSealed(table, row, (sealed, kid) => unsealed(sealed, kid, secrets)))
      yield { name: table, count: rows.length, json: `[${texts.join()}]` }
    }
    await snapshot.query(sql`CLOSE rows`)
  }
}

function unsealed(sealed: Buffer, kid: string | undefined, secrets: Secrets): Buffer {
  return kid === undefined ? openRootSecret(sealed, secrets) : unwrapPrivateKey(sealed, kid, secrets)
}

/**
 * A row with what SECRET_KEY seals in it replaced: the private half of the key of a kid, or the root secret, which has
 * none. All other rows are as they were, to the letter.
 */
export function changeSealed(table: string, row: string, change: (bytes: Buffer, kid?: string) => Buffer): string {
  const column = SEALED[table]
  if (!column) return row
  const values = JSON.parse(row) as Record<string, string | null>
  const bytes = values[column]
  // A key that was revoked has no private half any more.
  if (!bytes) return row
  const changed = change(Buffer.from(bytes.slice(2), 'hex'), table === 'signing_keys' ? String(values.kid) : undefined)
  return JSON.stringify({ ...values, [column]: `\\x${changed.toString('hex')}` })
}

/** What is sealed with SECRET_KEY. */
const SEALED: Record<string, string> = { signing_keys: 'private_key', root_secret: 'sealed' }
