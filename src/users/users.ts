import { v7 as uuid } from 'uuid'
import { type Clock, SKEW } from '../clock.ts'
import { type Database, sqlState } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { User } from '../schemas/schemas.ts'

/** A row of `users` as a query gives it, without the hash. */
export interface UserRow {
  id: string
  username: string | null
  email: string | null
  email_verified: boolean
  created_at: Date
}

/** What a login is checked against. */
export interface Credentials {
  id: string
  username: string | null
  email: string | null
  email_verified: boolean
  password_hash: string
  password_version: number
  email_version: number
  device_version: number
  /** Then no password is right. */
  disabled: boolean
}

/** What the devices of an account are bound to: with another version of either, none of them is known any more. */
export type DeviceOwner = Pick<Credentials, 'id' | 'password_version' | 'device_version'>

/** A user by either name: one of the two is there. */
export interface Names {
  username?: string
  email?: string
}

/** The columns of a UserRow. */
export const USER = 'id, username, email, email_verified, created_at'
const DEVICE_OWNER = 'id, password_version, device_version'
const CREDENTIALS = `id, username, email, email_verified, password_hash, password_version, email_version,
  device_version, disabled_at IS NOT NULL AS disabled`

/** A new account. */
export interface NewUser extends Names {
  emailVerified?: boolean
  passwordHash: string
  /** Whether the username is one of RESERVED_USERNAMES: then it is taken. */
  isReserved?: boolean
}

/**
 * Adds a user. The unique indexes decide who gets a name, so that of several at once one does.
 *
 * @throws Problem ACCOUNT_EXISTS naming each name that is taken
 */
export async function addUser(
  database: Database,
  clock: Clock,
  { username, email, emailVerified = false, passwordHash, isReserved = false }: NewUser
): Promise<User> {
  const [row] = await database
    .query<UserRow & { checked: unknown }>(
      `INSERT INTO users (id, username, email, email_verified, password_hash, created_at)
       SELECT $1::uuid, $2, $3, $4::boolean, $5, moment FROM ${MOMENT}
       WHERE NOT $7::boolean AND NOT EXISTS (
         SELECT FROM resting_usernames WHERE username = lower($2 COLLATE "C") AND until > moment
       )
       ON CONFLICT DO NOTHING
       RETURNING ${USER}, refuse_resting_username(username, id, created_at) AS checked`,
      [
        uuid({ msecs: clock.now() }),
        username ?? null,
        email ?? null,
        emailVerified,
        passwordHash,
        clock.offset,
        isReserved
      ]
    )
    .catch(refuseTaken('/username'))
  if (!row) throw await namesTaken(database, clock, { username, email, isReserved })
  const { checked: _, ...user } = row
  return present(user)
}

/** `moment` is the present time by the clock, of which $6 is the offset. */
const MOMENT = "(SELECT now() + $6 * interval '1 millisecond' AS moment) AS clock"

async function namesTaken(
  database: Database,
  clock: Clock,
  { username, email, isReserved }: { [Name in keyof Names]: string | undefined } & { isReserved: boolean }
) {
  const [taken] = await database.query<{ username: boolean; email: boolean }>(
    `SELECT $4::boolean
              OR EXISTS (SELECT FROM users WHERE lower(username COLLATE "C") = $1)
              OR EXISTS (
                SELECT FROM resting_usernames WHERE username = $1 AND until > now() + $3 * interval '1 millisecond'
              ) AS username,
            EXISTS (SELECT FROM users WHERE lower(email COLLATE "C") = $2) AS email`,
    [fold(username), fold(email), clock.offset, isReserved]
  )
  const errors = (['username', 'email'] as const)
    .filter((name) => taken?.[name])
    .map((name) => ({ path: `/${name}`, message: 'is taken', rule: 'taken' }))
  return new Problem('ACCOUNT_EXISTS', { errors })
}

/** Finds what a login is checked against. */
export async function findCredentials(
  database: Database,
  { username, email }: Names
): Promise<Credentials | undefined> {
  const column = username === undefined ? 'email' : 'username'
  const [row] = await database.query<Credentials>(
    `SELECT ${CREDENTIALS} FROM users WHERE lower(${column} COLLATE "C") = $1`,
    [fold(username ?? email)]
  )
  return row
}

/** Finds what a user who has signed in is checked against once more. */
export async function findOwnCredentials(database: Database, id: string): Promise<Credentials | undefined> {
  const [row] = await database.query<Credentials>(`SELECT ${CREDENTIALS} FROM users WHERE id = $1`, [id])
  return row
}

/** Replaces a user's hash by a new one of the same password, unless that has changed meanwhile. */
export async function renewPasswordHash(
  database: Database,
  { id, password_version }: Pick<Credentials, 'id' | 'password_version'>,
  renewed: string
): Promise<void> {
  await database.query('UPDATE users SET password_hash = $3 WHERE id = $1 AND password_version = $2', [
    id,
    password_version,
    renewed
  ])
}

/**
 * Gives a user another password.
 *
 * @returns what devices are bound to from now on; nothing where it was no longer the one that the credentials were read with
 */
export async function changePasswordHash(
  database: Database,
  { id, password_version }: Pick<Credentials, 'id' | 'password_version'>,
  changed: string
): Promise<DeviceOwner | undefined> {
  const [row] = await database.query<DeviceOwner & Record<string, unknown>>(
    `UPDATE users SET password_hash = $3, password_version = password_version + 1
     WHERE id = $1 AND password_version = $2
     RETURNING ${DEVICE_OWNER}`,
    [id, password_version, changed]
  )
  return row
}

/** Finds what the devices of a user are bound to. */
export async function findDeviceOwner(database: Database, id: string): Promise<DeviceOwner | undefined> {
  const [row] = await database.query<DeviceOwner & Record<string, unknown>>(
    `SELECT ${DEVICE_OWNER} FROM users WHERE id = $1`,
    [id]
  )
  return row
}

/**
 * Voids the device cookies of a user; a change of the password does so by itself.
 *
 * @returns what devices are bound to from now on; nothing where the user has gone
 */
export async function voidDevices(database: Database, id: string): Promise<DeviceOwner | undefined> {
  const [row] = await database.query<DeviceOwner & Record<string, unknown>>(
    `UPDATE users SET device_version = device_version + 1 WHERE id = $1 RETURNING ${DEVICE_OWNER}`,
    [id]
  )
  return row
}

/** Gives a user another password, whatever the present one is; the user is locked. */
export async function replacePasswordHash(transaction: Database, id: string, hash: string): Promise<void> {
  await transaction.query(
    'UPDATE users SET password_hash = $2, password_version = password_version + 1 WHERE id = $1',
    [id, hash]
  )
}

/** Marks the address of a user as proven to be theirs. */
export async function markVerified(database: Database, id: string): Promise<void> {
  await database.query('UPDATE users SET email_verified = true WHERE id = $1 AND NOT email_verified', [id])
}

/** What a change of the username needs to know. */
export interface Renaming {
  clock: Clock
  /** For how long access tokens may go on carrying the username before, in seconds. */
  tokenTtl: number
}

/**
 * Gives a user another username. The one before rests while access tokens may carry it: meanwhile only the same user
 * can take it back.
 *
 * @returns nothing where the user has gone
 * @throws Problem ACCOUNT_EXISTS where it is taken
 */
export async function changeUsername(
  database: Database,
  { clock, tokenTtl }: Renaming,
  id: string,
  username: string
): Promise<User | undefined> {
  const [row] = await database
    .query<UserRow>(
      `WITH renamed AS (
         UPDATE users SET username = $2
         FROM (SELECT id, lower(username COLLATE "C") AS previous FROM users WHERE id = $1 FOR NO KEY UPDATE) AS before
         WHERE users.id = before.id
         RETURNING users.id, users.username, email, email_verified, created_at, previous,
           refuse_resting_username(users.username, users.id, now() + $3 * interval '1 millisecond')
       ), resting AS (
         INSERT INTO resting_usernames (username, user_id, until)
         SELECT previous, id, now() + $3 * interval '1 millisecond' + make_interval(secs => $4) FROM renamed
         WHERE previous <> lower(username COLLATE "C")
         ON CONFLICT (username) DO UPDATE SET user_id = excluded.user_id, until = excluded.until
       )
       SELECT ${USER} FROM renamed`,
      [id, username, clock.offset, tokenTtl + SKEW]
    )
    .catch(refuseTaken('/username'))
  return row && present(row)
}

/**
 * Gives a user another address, which is proven to be theirs unless it is said otherwise.
 *
 * @param path what names the address, where that is not a token
 * @returns what it was before
 * @throws Problem ACCOUNT_EXISTS where it is taken
 */
export async function replaceEmail(
  transaction: Database,
  id: string,
  email: string,
  { verified = true, path = '/token' } = {}
): Promise<ReplacedEmail> {
  const [row] = await transaction
    .query<ReplacedEmail>(
      `UPDATE users SET email = $2, email_verified = $3, email_version = users.email_version + 1
       FROM (SELECT id, email, email_verified, email_version FROM users WHERE id = $1) AS before
       WHERE users.id = before.id
       RETURNING users.username, before.email, before.email_verified, before.email_version`,
      [id, email, verified]
    )
    .catch(refuseTaken(path))
  return row as ReplacedEmail
}

/** Takes the address off a user who has another name. */
export async function removeEmail(transaction: Database, id: string): Promise<void> {
  await transaction.query(
    'UPDATE users SET email = NULL, email_verified = false, email_version = email_version + 1 WHERE id = $1',
    [id]
  )
}

/** An address as it was before it was replaced. */
export interface ReplacedEmail {
  username: string | null
  email: string | null
  email_verified: boolean
  email_version: number
}

/** SQLSTATE of what a unique index refuses. */
const UNIQUE_VIOLATION = '23505'

const refuseTaken =
  (path: string) =>
  (error: unknown): never => {
    throw sqlState(error) === UNIQUE_VIOLATION ? nameTaken(path) : error
  }

/** @param path the JSON pointer of what names it */
export const nameTaken = (path: string) =>
  new Problem('ACCOUNT_EXISTS', { errors: [{ path, message: 'is taken', rule: 'taken' }] })

/** A user as the API shows one. */
export function present({ created_at, ...user }: UserRow): User {
  return { ...user, created_at: created_at.toISOString() }
}

/** Letter case as the unique indexes fold it: ASCII's alone, so that no other letter turns into one of a name's. */
export function foldName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** Names as they were typed, without blanks at their ends: no name has any, and keyboards and clipboards add them. */
export const trimNames = ({ username, email }: Names): Names => ({
  ...(username !== undefined && { username: username.trim() }),
  ...(email !== undefined && { email: email.trim() })
})

const fold = (name: string | undefined) => (name === undefined ? null : foldName(name))
