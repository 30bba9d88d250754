import { createHmac } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { type Database, exactly } from '../database/database.ts'
import { deriveKey } from '../secrets/derive-key.ts'
import { foldName } from '../users/users.ts'

/** What is counted by client address: how often it may be tried within how many seconds. */
export const ADDRESS_LIMITS = {
  login: { most: 60, within: 300 },
  register: { most: 30, within: 3600 },
  refresh: { most: 300, within: 300 },
  logout: { most: 300, within: 300 },
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

/** How many times as often something may be tried from a /48 as from one of its /64. */
const WIDE = 10

/**
 * How many mails of one kind an address is sent by all accounts that say that it is theirs: each account has the share
 * above to itself, so that a stranger's account does not use up the owner's.
 */
export const ALL_ACCOUNTS_LIMIT = { most: 30, within: 1800 }

/** How many wrong passwords in a row a name has, and a known device beside it. */
export const GUESSES = 10

/** How many all known devices of an account have together. */
export const GUESSES_OF_DEVICES = 20

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

/** The keys of all counters of an account's wrong passwords but those of single devices. */
export const accountKeys = (secret: Buffer, { id, ...names }: { id: string } & Partial<AccountNames>): Buffer[] => [
  devicesKey(secret, id),
  ...nameKeys(secret, names)
]

/** The key of the counter of all known devices of an account. */
export const devicesKey = (secret: Buffer, user: string) => limitKey(secret, 'devices', user)

/** The key of the counter of the mails of a kind to an address, in any letter case; those of one account, if given. */
export const recipientKey = (secret: Buffer, kind: string, email: string, account?: string) =>
  limitKey(secret, 'recipient', kind, foldName(email), ...(account === undefined ? [] : [account]))

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
  const [count] = await countAllWithin(database, clock, [{ key }], limit)
  return count as Count
}

/** What is counted, and where there is one the wider counter that it belongs to. */
export interface Counted {
  key: Buffer
  wide?: Buffer | undefined
}

/** Counts so often what a query gives, in the columns `key` and `times`, where `most` is not reached. */
const countAll = (given: string, most: string) => `
       INSERT INTO limits AS known (key, count, over_at)
       SELECT key, times, ${MOMENT} + make_interval(secs => $5) FROM ${given} ORDER BY key
       ON CONFLICT (key) DO UPDATE SET
         count = CASE WHEN known.over_at <= ${MOMENT} THEN excluded.count ELSE known.count + excluded.count END,
         over_at = CASE WHEN known.over_at <= ${MOMENT} THEN excluded.over_at ELSE known.over_at END
       WHERE known.over_at <= ${MOMENT} OR known.count < ${most}
       RETURNING key, count, over_at`

/** How many more are let through of what was asked for and counted, and how many seconds the rest has to wait. */
const outcomes = (asked: string, counted: string, most: string) => `
     SELECT key, greatest(coalesce(${most} - ${counted}.count + times, 0), 0) AS left,
       ${exactly(`coalesce(extract(epoch FROM coalesce(${counted}.over_at, limits.over_at) - ${MOMENT}), $5)`)} AS wait
     FROM ${asked} LEFT JOIN ${counted} USING (key) LEFT JOIN limits USING (key)`

/**
 * Counts what comes at once by one statement, each key as often as it is there: of the same, the first are let through.
 * A wide key counts what its keys let through, and nothing else: whoever has used up one of them takes nothing from
 * the neighbours.
 *
 * @returns what came of each
 */
export async function countAllWithin(
  database: Database,
  clock: Clock,
  asked: readonly Counted[],
  { most, within }: Limit
): Promise<Count[]> {
  // In the order of their keys, so that instances that count the same at once do not wait for each other in a circle.
  const rows = await database.query<{ key: Buffer; left: number; wait: number }>(
    `WITH asked AS (
       SELECT key, wide, count(*)::int AS times FROM unnest($2::bytea[], $3::bytea[]) AS given (key, wide)
       GROUP BY key, wide
     ), counted AS (${countAll('asked', '$4')}
     ), asked_wide AS (
       SELECT wide AS key, sum(least(times, $4 - count + times))::int AS times
       FROM counted JOIN asked USING (key)
       WHERE wide IS NOT NULL
       GROUP BY wide
     ), counted_wide AS (${countAll('asked_wide', '$6')}
     )${outcomes('asked', 'counted', '$4')}
     UNION ALL${outcomes('asked_wide', 'counted_wide', '$6')}`,
    [clock.offset, asked.map(({ key }) => key), asked.map(({ wide }) => wide ?? null), most, within, most * WIDE]
  )
  const byKey = new Map(rows.map((row) => [row.key.toString('hex'), row]))
  const take = (key: Buffer): Count => {
    const row = byKey.get(key.toString('hex')) as (typeof rows)[number]
    row.left -= 1
    return row.left < 0 ? { wait: secondsOf(row.wait) } : { counted: key }
  }
  return asked.map(({ key, wide }) => {
    const count = take(key)
    return wide && 'counted' in count ? take(wide) : count
  })
}

/** The counters of a known device: its own, and that of all devices of its account. */
export interface DeviceKeys {
  own: Buffer
  all: Buffer
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

const secondsOf = (wait: number) => Math.max(1, Math.ceil(wait))

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
       coalesce(greatest(ceil(extract(epoch FROM blocked_until - ${MOMENT})), 0), 0)::int AS "heldOffFor"
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

/**
 * Deletes some of the counters that are over.
 *
 * @returns how many
 */
export async function purgeLimits(database: Database, clock: Clock, most: number): Promise<number> {
  const rows = await database.query(
    `DELETE FROM limits
     WHERE key IN (SELECT key FROM limits WHERE over_at <= ${MOMENT} ORDER BY over_at LIMIT $2 FOR UPDATE SKIP LOCKED)
     RETURNING 1`,
    [clock.offset, most]
  )
  return rows.length
}
