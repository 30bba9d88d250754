import { v7 as uuid } from 'uuid'
import { type Clock, SKEW } from '../clock.ts'
import { type Database, sqlState } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { User } from '../schemas/users.ts'
import { fold, type Names } from './names.ts'

/** A row of `users` as a query gives it, without the hash. */
export interface UserRow {
  id: string
  username: string | null
  email: string | null
  email_verified: boolean
  created_at: Date
}

/** The columns of a UserRow. */
export const USER = 'id, username, email, email_verified, created_at'

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

/** Deletes a user that is locked. */
export async function remove(transaction: Database, id: string): Promise<void> {
  // They go with the user; locked before in the order in which others lock them, so that no two wait for each other.
  await transaction.query(
    'SELECT count(*) FROM (SELECT FROM sessions WHERE user_id = $1 ORDER BY id FOR UPDATE) AS locked',
    [id]
  )
  await transaction.query('DELETE FROM users WHERE id = $1', [id])
}
