import { createHmac } from 'node:crypto'
import type { Clock } from './clock.ts'
import type { Database } from './database.ts'
import { deriveKey } from './secrets.ts'
import { foldName } from './users.ts'

/** What is counted by client address: how often it may be tried within how many seconds. */
export const ADDRESS_LIMITS = {
  login: { most: 60, within: 300 },
  register: { most: 30, within: 3600 },
  refresh: { most: 300, within: 300 },
  mail: { most: 30, within: 3600 },
  'username change': { most: 30, within: 3600 },
  export: { most: 30, within: 3600 }
} as const

/** What is limited by client address. */
export type Action = keyof typeof ADDRESS_LIMITS

/**
 * How many mails of one kind an address is sent that anybody may ask for. It is counted anew when a link to choose another
 * password is over: who uses up the share of another has sent them one that is still good.
 */
export const RECIPIENT_LIMIT = { most: 5, within: 1800 }

/** How many wrong passwords in a row a name has, and a known device beside it. */
export const GUESSES = 10

/** The wait after the last of them, in seconds; it doubles with each further one. */
const FIRST_WAIT = 30
const LONGEST_WAIT = 3600

/** How long wrong passwords are remembered, in seconds. */
const MEMORY = 24 * 60 * 60

/** What came of counting: the key that was counted, or how many seconds to wait where nothing more is let through. */
export type Count = { counted: Buffer } | { wait: number }

/** The names of an account. */
export interface AccountNames {
  username: string | null
  email: string | null
}

/** What is counted against a name. */
export interface Guesses {
  name: keyof AccountNames
  /** How many wrong passwords were given for it. */
  wrong: number
  /** For how many seconds nobody is let through, but from a known device. */
  heldOffFor: number
}

/** The secret of the keys of counters. */
export const limitSecret = (rootSecret: string) => deriveKey(rootSecret, 'limits')

/** The keys of the counters of names, in any letter case, in the order username, email. */
export function nameKeys(secret: Buffer, names: Partial<AccountNames>): Buffer[] {
  return namesOf(names).map(([kind, name]) => limitKey(secret, kind, foldName(name)))
}

/** The key of the counter of the mails of a kind to an address, in any letter case. */
export const recipientKey = (secret: Buffer, kind: string, email: string) =>
  limitKey(secret, 'recipient', kind, foldName(email))

function namesOf(names: Partial<AccountNames>): [keyof AccountNames, string][] {
  return (['username', 'email'] as const).flatMap((kind) => {
    const name = names[kind]
    return name == null ? [] : [[kind, name]]
  })
}

/** The key of a counter: nobody without the secret can tell what it counts. */
export function limitKey(secret: Buffer, ...what: string[]): Buffer {
  return createHmac('sha256', secret).update(JSON.stringify(what)).digest().subarray(0, 16)
}

const MOMENT = "(now() + $1 * interval '1 millisecond')"

/** Counts something that is let through `most` times within `within` seconds of the first time. */
export async function countWithin(
  database: Database,
  clock: Clock,
  key: Buffer,
  { most, within }: { most: number; within: number }
): Promise<Count> {
  const [row] = await database.query<CountRow>(
    `WITH counted AS (
       INSERT INTO limits AS known (key, count, over_at) VALUES ($2, 1, ${MOMENT} + make_interval(secs => $4))
       ON CONFLICT (key) DO UPDATE SET
         count = CASE WHEN known.over_at <= ${MOMENT} THEN 1 ELSE known.count + 1 END,
         over_at = CASE WHEN known.over_at <= ${MOMENT} THEN excluded.over_at ELSE known.over_at END
       WHERE known.over_at <= ${MOMENT} OR known.count < $3
       RETURNING key
     )
     SELECT (SELECT key FROM counted) AS counted,
       coalesce((SELECT extract(epoch FROM over_at - ${MOMENT}) FROM limits WHERE key = $2), $4)::float8 AS wait`,
    [clock.offset, key, most, within]
  )
  return outcome(row as CountRow)
}

/**
 * Counts a password that is about to be checked, before it is: on the device, where a known one has guesses left, or
 * else on the name. One statement, so that of many at once no more than the limit are let through.
 */
export async function countGuess(
  database: Database,
  clock: Clock,
  { name, device }: { name: Buffer; device: Buffer | undefined }
): Promise<Count> {
  const [row] = await database.query<CountRow>(
    `WITH by_device AS (
       INSERT INTO limits AS known (key, count, over_at)
       SELECT $3, 1, ${MOMENT} + make_interval(secs => $5) WHERE $3::bytea IS NOT NULL
       ON CONFLICT (key) DO UPDATE SET
         count = CASE WHEN known.over_at <= ${MOMENT} THEN 1 ELSE known.count + 1 END,
         over_at = CASE WHEN known.over_at <= ${MOMENT} THEN excluded.over_at ELSE known.over_at END
       WHERE known.over_at <= ${MOMENT} OR known.count < $4
       RETURNING key
     ), by_name AS (
       INSERT INTO limits AS known (key, count, over_at)
       SELECT $2, 1, ${MOMENT} + make_interval(secs => $5) WHERE NOT EXISTS (SELECT FROM by_device)
       ON CONFLICT (key) DO UPDATE SET
         count = CASE WHEN known.over_at <= ${MOMENT} THEN 1 ELSE known.count + 1 END,
         blocked_until = CASE WHEN known.over_at > ${MOMENT} AND known.count + 1 >= $4 THEN
           ${MOMENT} + make_interval(secs => least($6 * 2 ^ least(known.count + 1 - $4, 20), $7))
         END,
         over_at = excluded.over_at
       WHERE known.blocked_until IS NULL OR known.blocked_until <= ${MOMENT}
       RETURNING key
     )
     SELECT coalesce((SELECT key FROM by_device), (SELECT key FROM by_name)) AS counted,
       coalesce((SELECT extract(epoch FROM blocked_until - ${MOMENT}) FROM limits WHERE key = $2), $6)::float8 AS wait`,
    [clock.offset, name, device ?? null, GUESSES, MEMORY, FIRST_WAIT, LONGEST_WAIT]
  )
  return outcome(row as CountRow)
}

interface CountRow {
  counted: Buffer | null
  /** As it was before this statement, or the usual one where another has only just begun to count. */
  wait: number
}

function outcome({ counted, wait }: CountRow): Count {
  return counted ? { counted } : { wait: Math.max(1, Math.ceil(wait)) }
}

/** Takes back what was counted for a password that could not be checked. */
export async function uncount(database: Database, clock: Clock, keys: Buffer[]): Promise<void> {
  await database.query(
    `UPDATE limits SET count = count - 1, blocked_until = CASE WHEN count > $3 THEN ${MOMENT} END
     WHERE key = ANY($2) AND count > 0`,
    [clock.offset, keys, GUESSES]
  )
}

/** What is counted against each name of an account. */
export async function readGuesses(
  database: Database,
  clock: Clock,
  secret: Buffer,
  names: AccountNames
): Promise<Guesses[]> {
  const rows = await database.query<Omit<Guesses, 'name'>>(
    `SELECT coalesce(count, 0) AS wrong,
       coalesce(greatest(ceil(extract(epoch FROM blocked_until - ${MOMENT})), 0), 0)::int AS "heldOffFor"
     FROM unnest($2::bytea[]) WITH ORDINALITY AS asked (key, place)
       LEFT JOIN limits ON limits.key = asked.key AND over_at > ${MOMENT}
     ORDER BY place`,
    [clock.offset, nameKeys(secret, names)]
  )
  return namesOf(names).map(([name], place) => ({ name, ...(rows[place] as (typeof rows)[number]) }))
}

/** Forgets what was counted, since the password was right, or an operator says so. */
export async function forgive(database: Database, keys: Buffer[]): Promise<void> {
  await database.query('DELETE FROM limits WHERE key = ANY($1)', [keys])
}

/**
 * Deletes some of the counters that are over.
 *
 * @returns how many
 */
export async function purgeLimits(database: Database, clock: Clock, most = 1000): Promise<number> {
  const rows = await database.query(
    `DELETE FROM limits
     WHERE key IN (SELECT key FROM limits WHERE over_at <= ${MOMENT} ORDER BY over_at LIMIT $2 FOR UPDATE SKIP LOCKED)
     RETURNING 1`,
    [clock.offset, most]
  )
  return rows.length
}
