import type { Clock } from '../clock.ts'
import { type Database, exactly } from '../database/database.ts'
import type { AccountNames } from '../users/names.ts'
import { type DeviceKeys, nameKeys, namesOf } from './counter-keys.ts'
import { MOMENT, secondsOf } from './counters.ts'

/** How many wrong passwords in a row a name has, and a known device beside it. */
export const GUESSES = 10

/** How many all known devices of an account have together. */
export const GUESSES_OF_DEVICES = 20

/** The wait after the last of them, in seconds; it doubles with each further one. */
const FIRST_WAIT = 30
const LONGEST_WAIT = 3600

/** How long wrong passwords are remembered, in seconds. */
const MEMORY = 24 * 60 * 60

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
  clock: Clock,
  { name, device }: { name: Buffer; device: DeviceKeys | undefined }
): Promise<GuessCount> {
  const [row] = await database.query<GuessRow>(
    `WITH by_device AS (
       INSERT INTO limits AS known (key, count, over_at)
       SELECT $3, 1, ${MOMENT} + make_interval(secs => $5)
       WHERE $3::bytea IS NOT NULL
         AND NOT EXISTS (SELECT FROM limits WHERE key = $8 AND count >= $9 AND over_at > ${MOMENT})
       ON CONFLICT (key) DO UPDATE SET
         count = CASE WHEN known.over_at <= ${MOMENT} THEN 1 ELSE known.count + 1 END,
         over_at = CASE WHEN known.over_at <= ${MOMENT} THEN excluded.over_at ELSE known.over_at END
       WHERE known.over_at <= ${MOMENT} OR known.count < $4
       RETURNING key
     ), by_all_devices AS (
       INSERT INTO limits AS known (key, count, over_at)
       SELECT $8::bytea, 1, ${MOMENT} + make_interval(secs => $5) FROM by_device
       ON CONFLICT (key) DO UPDATE SET
         count = CASE WHEN known.over_at <= ${MOMENT} THEN 1 ELSE known.count + 1 END,
         over_at = CASE WHEN known.over_at <= ${MOMENT} THEN excluded.over_at ELSE known.over_at END
       WHERE known.over_at <= ${MOMENT} OR known.count < $9
       RETURNING key
     ), by_name AS (
       INSERT INTO limits AS known (key, count, over_at)
       SELECT $2, 1, ${MOMENT} + make_interval(secs => $5) WHERE NOT EXISTS (SELECT FROM by_all_devices)
       ON CONFLICT (key) DO UPDATE SET
         count = CASE WHEN known.over_at <= ${MOMENT} THEN 1 ELSE known.count + 1 END,
         blocked_until = CASE WHEN known.over_at > ${MOMENT} AND known.count + 1 >= $4 THEN
           ${MOMENT} + make_interval(secs => least($6 * 2 ^ least(known.count + 1 - $4, 20), $7))
         END,
         over_at = excluded.over_at
       WHERE known.blocked_until IS NULL OR known.blocked_until <= ${MOMENT}
       RETURNING key
     )
     SELECT EXISTS (SELECT FROM by_all_devices) AS by_device, EXISTS (SELECT FROM by_name) AS by_name,
       ${exactly(`coalesce((SELECT extract(epoch FROM blocked_until - ${MOMENT}) FROM limits WHERE key = $2), $6)`)} AS wait`,
    [
      clock.offset,
      name,
      device?.own ?? null,
      GUESSES,
      MEMORY,
      FIRST_WAIT,
      LONGEST_WAIT,
      device?.all ?? null,
      GUESSES_OF_DEVICES
    ]
  )
  const { by_device, by_name, wait } = row as GuessRow
  if (device && by_device) return { counted: [device.own, device.all] }
  return by_name ? { counted: [name] } : { wait: secondsOf(wait) }
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
const locked = (keys: string) => `(
       SELECT key FROM unnest(${keys}::bytea[]) WITH ORDINALITY AS given (key, place) JOIN limits USING (key)
       ORDER BY place
       FOR UPDATE OF limits
     )`

/**
 * Takes back what was counted for a password that could not be checked.
 *
 * @param keys in the order in which they were counted
 */
export async function uncount(database: Database, clock: Clock, keys: Buffer[]): Promise<void> {
  await database.query(
    `UPDATE limits SET count = count - 1, blocked_until = CASE WHEN count > $3 THEN ${MOMENT} END
     FROM ${locked('$2')} AS mine
     WHERE limits.key = mine.key AND count > 0`,
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
       coalesce(greatest(ceil(extract(epoch FROM blocked_until - ${MOMENT})), 0), 0)::int AS "blockedFor"
     FROM unnest($2::bytea[]) WITH ORDINALITY AS asked (key, place)
       LEFT JOIN limits ON limits.key = asked.key AND over_at > ${MOMENT}
     ORDER BY place`,
    [clock.offset, nameKeys(secret, names)]
  )
  return namesOf(names).map(([name], place) => ({ name, ...(rows[place] as (typeof rows)[number]) }))
}

/**
 * Forgets what was counted, since the password was right, or an operator says so.
 *
 * @param keys that of a device first, then `accountKeys`
 */
export async function forgive(database: Database, keys: Buffer[]): Promise<void> {
  await database.query(`DELETE FROM limits USING ${locked('$1')} AS mine WHERE limits.key = mine.key`, [keys])
}
