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
  password: { most: 30, within: 300 },
  'account deletion': { most: 30, within: 3600 },
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

/** How often something is let through within how many seconds of the first time. */
export interface Limit {
  most: number
  within: number
}

/** Counts something, and says whether it is let through. */
export async function countWithin(database: Database, clock: Clock, key: Buffer, limit: Limit): Promise<Count> {
  const [count] = await countAllWithin(database, clock, [key], limit)
  return count as Count
}

/**
 * Counts what comes at once by one statement, each key as often as it is there: of the same, the first are let through.
 *
 * @returns what came of each
 */
export async function countAllWithin(
  database: Database,
  clock: Clock,
  keys: readonly Buffer[],
  { most, within }: Limit
): Promise<Count[]> {
  // In the order of their keys, so that instances that count the same at once do not wait for each other in a circle.
  const rows = await database.query<{ key: Buffer; left: number; wait: number }>(
    `WITH asked AS (
       SELECT key, count(*)::int AS times FROM unnest($2::bytea[]) AS given (key) GROUP BY key
     ), counted AS (
       INSERT INTO limits AS known (key, count, over_at)
       SELECT key, times, ${MOMENT} + make_interval(secs => $4) FROM asked ORDER BY key
       ON CONFLICT (key) DO UPDATE SET
         count = CASE WHEN known.over_at <= ${MOMENT} THEN excluded.count ELSE known.count + excluded.count END,
         over_at = CASE WHEN known.over_at <= ${MOMENT} THEN excluded.over_at ELSE known.over_at END
       WHERE known.over_at <= ${MOMENT} OR known.count < $3
       RETURNING key, count, over_at
     )
     SELECT key, coalesce($3 - counted.count + times, 0) AS left,
       coalesce(extract(epoch FROM coalesce(counted.over_at, limits.over_at) - ${MOMENT}), $4)::float8 AS wait
     FROM asked LEFT JOIN counted USING (key) LEFT JOIN limits USING (key)`,
    [clock.offset, keys, most, within]
  )
  const byKey = new Map(rows.map((row) => [row.key.toString('hex'), row]))
  return keys.map((key) => {
    const row = byKey.get(key.toString('hex')) as (typeof rows)[number]
    row.left -= 1
    return outcome({ counted: row.left < 0 ? null : key, wait: row.wait })
  })
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
