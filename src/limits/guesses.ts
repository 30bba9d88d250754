import type { Database } from '../database/database.ts'
import { asNumber, NOW, sql } from '../database/sql.ts'
import type { AccountNames } from '../schemas/users.ts'
import { codesKey, type DeviceKeys, nameKeys, namesPresent } from './counter-keys.ts'
import { incrementAll, wholeSeconds } from './counters.ts'

/** Failed passwords in a row, for a name by strangers, and for each known device, before they are throttled. */
export const MAX_GUESSES = 10

/** The same for all known devices of an account together. */
export const MAX_DEVICE_GUESSES = 20

/** The wait after the last of them, in seconds. It doubles with each further failure, up to LONGEST_WAIT. */
const FIRST_WAIT = 30
const LONGEST_WAIT = 3600

/** A counter expires this long after the last failure of a name, or the first of a device, in seconds. */
const EXPIRY = 24 * 60 * 60

/** The failures that a counter has. */
export interface Failures {
  /** Number of failed passwords or codes. */
  wrong: number
  /** Seconds for which strangers are blocked; known devices are not. */
  blockedFor: number
}

/** The failures counted for a name. */
export interface Guesses extends Failures {
  name: keyof AccountNames
}

/**
 * The keys of the counters that were incremented, and the count of failures in the first of them; or, if the attempt is
 * blocked, the seconds to wait.
 */
export type GuessCount = { counted: Buffer[]; failures: number } | { wait: number }

/**
 * Counts an attempt as failed before the password is verified. It counts on the known device and on all devices of the
 * account if both have attempts left, otherwise on the name. It is one statement, so that concurrent attempts cannot
 * exceed the limits.
 *
 * @param counters the keys of the name, and of the known device, if any
 */
export async function countGuess(
  database: Database,
  { name, device }: { name: Buffer; device: DeviceKeys | undefined }
): Promise<GuessCount> {
  const own = device?.own ?? null
  const all = device?.all ?? null
  const knownDevice = sql`(
       SELECT ${own}::bytea AS key, 1 AS times
       WHERE ${own}::bytea IS NOT NULL
         AND NOT EXISTS (SELECT FROM limits WHERE key = ${all} AND count >= ${MAX_DEVICE_GUESSES} AND over_at > ${NOW})
     ) AS known_device`
  const allDevices = sql`(SELECT ${all}::bytea AS key, 1 AS times FROM by_device) AS all_devices`
  const blockedFor = sql`SELECT extract(epoch FROM blocked_until - ${NOW}) FROM limits WHERE key = ${name}`
  const [row] = await database.query<GuessRow>(
    sql`WITH by_device AS (${incrementAll(knownDevice, MAX_GUESSES, EXPIRY)}
     ), by_all_devices AS (${incrementAll(allDevices, MAX_DEVICE_GUESSES, EXPIRY)}
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
       RETURNING key, count
     )
     SELECT EXISTS (SELECT FROM by_all_devices) AS by_device, EXISTS (SELECT FROM by_name) AS by_name,
       coalesce((SELECT count FROM by_device), (SELECT count FROM by_name)) AS failures,
       ${asNumber(sql`coalesce((${blockedFor}), ${FIRST_WAIT})`)} AS wait`
  )
  const { by_device, by_name, failures, wait } = row as GuessRow
  if (device && by_device) return { counted: [device.own, device.all], failures }
  return by_name ? { counted: [name], failures } : { wait: wholeSeconds(wait) }
}

interface GuessRow {
  by_device: boolean
  by_name: boolean
  failures: number
  /** The remaining block before this statement; FIRST_WAIT if a concurrent statement has only just set it. */
  wait: number
}

/**
 * The existing counters with these keys, locked in the given order: device, all devices, names. `countGuess` uses the
 * same order, so that concurrent statements do not deadlock.
 */
const locked = (keys: Buffer[]) => sql`(
       SELECT key FROM unnest(${keys}::bytea[]) WITH ORDINALITY AS given (key, place) JOIN limits USING (key)
       ORDER BY place
       FOR UPDATE OF limits
     )`

/**
 * Undoes `countGuess` for a password that could not be verified, for example because the service was overloaded.
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

/** Reads the failures counted for each name of an account. */
export async function readGuesses(database: Database, secret: Buffer, names: AccountNames): Promise<Guesses[]> {
  const failures = await readFailures(database, nameKeys(secret, names))
  return namesPresent(names).map(([name], place) => ({ name, ...(failures[place] as Failures) }))
}

/** Reads the wrong codes counted for an account, from clients that it does not know. */
export async function readCodeGuesses(database: Database, secret: Buffer, user: string): Promise<Failures> {
  const [failures] = await readFailures(database, [codesKey(secret, user)])
  return failures as Failures
}

/** The failures of each counter, in the order of the keys. */
const readFailures = (database: Database, keys: Buffer[]) =>
  database.query<Failures & Record<string, unknown>>(
    sql`SELECT coalesce(count, 0) AS wrong,
       coalesce(greatest(ceil(extract(epoch FROM blocked_until - ${NOW})), 0), 0)::int AS "blockedFor"
     FROM unnest(${keys}::bytea[]) WITH ORDINALITY AS asked (key, place)
       LEFT JOIN limits ON limits.key = asked.key AND over_at > ${NOW}
     ORDER BY place`
  )

/**
 * Deletes counters, after a successful login or by an operator.
 *
 * @param keys of the device, if any, followed by `accountKeys`
 */
export async function resetGuesses(database: Database, keys: Buffer[]): Promise<void> {
  await database.query(sql`DELETE FROM limits USING ${locked(keys)} AS mine WHERE limits.key = mine.key`)
}
