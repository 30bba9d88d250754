import type { Database } from '../database/database.ts'
import { asNumber, NOW, sql } from '../database/sql.ts'
import type { AccountNames } from '../users/names.ts'
import { type DeviceKeys, nameKeys, namesPresent } from './counter-keys.ts'
import { wholeSeconds } from './counters.ts'

/** How many wrong passwords in a row a name has, and a known device beside it. */
export const MAX_GUESSES = 10

/** How many all known devices of an account have together. */
export const MAX_DEVICE_GUESSES = 20

/** The wait after the last of them, in seconds; it doubles with each further one. */
const FIRST_WAIT = 30
const LONGEST_WAIT = 3600

/** How long wrong passwords are remembered, in seconds. */
const EXPIRY = 24 * 60 * 60

/** What is counted against a name. */
export interface Guesses {
  name: keyof AccountNames
  /** How many wrong passwords were given for it. */
  wrong: number
  /** For how many seconds nobody is let through, but from a known device. */
  blockedFor: number
}

/** The keys that a guess was counted on, or how many seconds to wait where nothing more is let through. */
export type GuessCount = { counted: Buffer[] } | { wait: number }

/**
 * Counts a password that is about to be checked, before it is: on a known device and on all devices of its account, where
 * both have guesses left, or else on the name. One statement, so that of many at once no more than the limits are let
 * through.
 */
export async function countGuess(
  database: Database,
  { name, device }: { name: Buffer; device: DeviceKeys | undefined }
): Promise<GuessCount> {
  const own = device?.own ?? null
  const all = device?.all ?? null
  const blockedFor = sql`SELECT extract(epoch FROM blocked_until - ${NOW}) FROM limits WHERE key = ${name}`
  const [row] = await database.query<GuessRow>(
    sql`WITH by_device AS (
       INSERT INTO limits AS known (key, count, over_at)
       SELECT ${own}::bytea, 1, ${NOW} + make_interval(secs => ${EXPIRY})
       WHERE ${own}::bytea IS NOT NULL
         AND NOT EXISTS (SELECT FROM limits WHERE key = ${all} AND count >= ${MAX_DEVICE_GUESSES} AND over_at > ${NOW})
       ON CONFLICT (key) DO UPDATE SET
         count = CASE WHEN known.over_at <= ${NOW} THEN 1 ELSE known.count + 1 END,
         over_at = CASE WHEN known.over_at <= ${NOW} THEN excluded.over_at ELSE known.over_at END
       WHERE known.over_at <= ${NOW} OR known.count < ${MAX_GUESSES}
       RETURNING key
     ), by_all_devices AS (
       INSERT INTO limits AS known (key, count, over_at)
       SELECT ${all}::bytea, 1, ${NOW} + make_interval(secs => ${EXPIRY}) FROM by_device
       ON CONFLICT (key) DO UPDATE SET
         count = CASE WHEN known.over_at <= ${NOW} THEN 1 ELSE known.count + 1 END,
         over_at = CASE WHEN known.over_at <= ${NOW} THEN excluded.over_at ELSE known.over_at END
       WHERE known.over_at <= ${NOW} OR known.count < ${MAX_DEVICE_GUESSES}
       RETURNING key
     ), by_name AS (
       INSERT INTO limits AS known (key, count, over_at)
       SELECT ${name}::bytea, 1, ${NOW} + make_interval(secs => ${EXPIRY}) WHERE NOT EXISTS (SELECT FROM by_all_devices)
       ON CONFLICT (key) DO UPDATE SET
         count = CASE WHEN known.over_at <= ${NOW} THEN 1 ELSE known.count + 1 END,
         blocked_until = CASE WHEN known.over_at > ${NOW} AND known.count + 1 >= ${MAX_GUESSES} THEN
           ${NOW} + make_interval(
             secs => least(${FIRST_WAIT} * 2 ^ least(known.count + 1 - ${MAX_GUESSES}, 20), ${LONGEST_WAIT})
           )
         END,
         over_at = excluded.over_at
       WHERE known.blocked_until IS NULL OR known.blocked_until <= ${NOW}
       RETURNING key
     )
     SELECT EXISTS (SELECT FROM by_all_devices) AS by_device, EXISTS (SELECT FROM by_name) AS by_name,
       ${asNumber(sql`coalesce((${blockedFor}), ${FIRST_WAIT})`)} AS wait`
  )
  const { by_device, by_name, wait } = row as GuessRow
  if (device && by_device) return { counted: [device.own, device.all] }
  return by_name ? { counted: [name] } : { wait: wholeSeconds(wait) }
}

interface GuessRow {
  by_device: boolean
  by_name: boolean
  /** As it was before this statement, or the usual one where another has only just begun to count. */
  wait: number
}

/**
 * The counters that are there of those with the keys of a parameter, locked in their order: that of a device, that of all
 * devices, those of names. `countGuess` locks them so too, and no two wait for each other in a circle.
 */
const locked = (keys: Buffer[]) => sql`(
       SELECT key FROM unnest(${keys}::bytea[]) WITH ORDINALITY AS given (key, place) JOIN limits USING (key)
       ORDER BY place
       FOR UPDATE OF limits
     )`

/**
 * Takes back what was counted for a password that could not be checked.
 *
 * @param keys in the order in which they were counted
 */
export async function refundGuesses(database: Database, keys: Buffer[]): Promise<void> {
  await database.query(
    sql`UPDATE limits SET count = count - 1, blocked_until = CASE WHEN count > ${MAX_GUESSES} THEN ${NOW} END
     FROM ${locked(keys)} AS mine
     WHERE limits.key = mine.key AND count > 0`
  )
}

/** What is counted against each name of an account. */
export async function readGuesses(database: Database, secret: Buffer, names: AccountNames): Promise<Guesses[]> {
  const rows = await database.query<Omit<Guesses, 'name'>>(
    sql`SELECT coalesce(count, 0) AS wrong,
       coalesce(greatest(ceil(extract(epoch FROM blocked_until - ${NOW})), 0), 0)::int AS "blockedFor"
     FROM unnest(${nameKeys(secret, names)}::bytea[]) WITH ORDINALITY AS asked (key, place)
       LEFT JOIN limits ON limits.key = asked.key AND over_at > ${NOW}
     ORDER BY place`
  )
  return namesPresent(names).map(([name], place) => ({ name, ...(rows[place] as (typeof rows)[number]) }))
}

/**
 * Forgets what was counted, since the password was right, or an operator says so.
 *
 * @param keys that of a device first, then `accountKeys`
 */
export async function resetGuesses(database: Database, keys: Buffer[]): Promise<void> {
  await database.query(sql`DELETE FROM limits USING ${locked(keys)} AS mine WHERE limits.key = mine.key`)
}
