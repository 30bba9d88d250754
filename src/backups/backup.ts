import type { Database } from '../database/database.ts'
import { readVersion } from '../database/migrations.ts'
import { identifier, NO_TIMEOUTS, SNAPSHOT, sql } from '../database/sql.ts'
import { unwrapPrivateKey } from '../keys/signing-keys.ts'
import { countOf } from '../plural.ts'
import { openRootSecret } from '../secrets/root-secret.ts'
import type { Secrets } from '../secrets/sealing.ts'
import type { BackupRecord } from './framing.ts'

/** The tables in a backup: all except that of the migrations. A table comes after those that it references. */
export const TABLES = [
  'users',
  'sessions',
  'totp',
  'recovery_codes',
  'passkeys',
  'identities',
  'login_steps',
  'spent_challenges',
  'resting_usernames',
  'email_changes',
  'email_tokens',
  'mails',
  'signing_keys',
  'root_secret',
  'limits',
  'audit',
  'audit_head',
  'audit_counts',
  'service_keys'
] as const

/** Tables that a backup leaves out: the service or a trigger fills them from the others. */
export const DERIVED_TABLES = ['users_by_role', 'totals'] as const

/** The number of rows of each table. */
export type Counts = Record<string, number>

/** Summarizes the content of a backup. */
export const summarize = ({ users = 0, sessions = 0 }: Counts) =>
  `${countOf(users, 'account')}, ${countOf(sessions, 'session')} and all other data`

/** The first record of a backup. */
export interface Manifest {
  /** The last migration of the schema. */
  migration: number
  /** The time of the backup by the clock of the database (RFC 3339). */
  made_at: string
}

const FETCH = sql`FETCH 1000 FROM rows`

/** Fixes the format of rows in JSON, independent of the settings of the server: hexadecimal bytes, and times in UTC. */
const FORMAT = sql`SELECT set_config('bytea_output', 'hex', true), set_config('timezone', 'UTC', true)`

/**
 * Reads a consistent snapshot of all tables. Secrets that the database stores encrypted under SECRET_KEY are in the clear
 * in the records, so that a database with another SECRET_KEY can restore them: the caller must encrypt the records.
 *
 * @param use consumes the records, within the transaction in which they are read
 * @throws KeyMismatch or RootSecretMismatch if SECRET_KEY does not decrypt a secret
 */
export function readBackup<Result>(
  database: Database,
  secrets: Secrets,
  use: (records: AsyncIterable<BackupRecord>) => Promise<Result>
): Promise<Result> {
  return database.transact(async (snapshot) => {
    await snapshot.query(SNAPSHOT)
    await snapshot.query(FORMAT)
    await snapshot.query(NO_TIMEOUTS)
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
 * Replaces the secret in a row of `signing_keys` or `root_secret`. Returns all other rows unchanged.
 *
 * @param row the row in JSON
 * @param change returns the new value of a secret; `kid` is the id of a signing key, or undefined for the root secret
 */
export function changeSealed(table: string, row: string, change: (bytes: Buffer, kid?: string) => Buffer): string {
  const column = SEALED[table]
  if (!column) return row
  const values = JSON.parse(row) as Record<string, string | null>
  const bytes = values[column]
  // A revoked key has no private key.
  if (!bytes) return row
  const changed = change(Buffer.from(bytes.slice(2), 'hex'), table === 'signing_keys' ? String(values.kid) : undefined)
  return JSON.stringify({ ...values, [column]: `\\x${changed.toString('hex')}` })
}

/** The columns that are encrypted under SECRET_KEY, by table. */
const SEALED: Record<string, string> = { signing_keys: 'private_key', root_secret: 'sealed' }
