import { v7 as uuid } from 'uuid'
import { SKEW } from '../clock.ts'
import { type Database, sqlState } from '../database/database.ts'
import { CLOCK, NOW, sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'
import type { AccountNames, Names, User } from '../schemas/users.ts'
import { fold } from './names.ts'

/** A row of `users`, without the hash. */
export interface UserRow extends AccountNames {
  id: string
  email_verified: boolean
  created_at: Date
}

/** The columns of a UserRow. */
export const USER = sql`id, username, email, email_verified, created_at`

/** An account to be added. */
export interface NewUser extends Names {
  /** A new one by default. */
  id?: string | undefined
  emailVerified?: boolean
  /** The language of letters to the account; null is the default language. */
  locale?: string | null
  /** Sorted, without duplicates. */
  roles?: readonly string[]
  /** Null for an account without a password. */
  passwordHash: string | null
  /** Whether the username is reserved, and so reported as taken. */
  isReserved?: boolean
}

/**
 * Adds a user. Of concurrent registrations of a name, the unique index lets one succeed.
 *
 * @throws Problem ACCOUNT_EXISTS with each name that is taken, and the id if it is
 */
export async function addUser(
  database: Database,
  {
    id: given,
    username,
    email,
    emailVerified = false,
    locale = null,
    roles = [],
    passwordHash,
    isReserved = false
  }: NewUser
): Promise<User> {
  const id = given ?? uuid({ msecs: database.clock.now() })
  const [row] = await database
    .query<UserRow & { checked: unknown }>(
      sql`INSERT INTO users (id, username, email, email_verified, locale, roles, password_hash, created_at)
       SELECT ${id}::uuid, ${username ?? null}, ${email ?? null}, ${emailVerified}::boolean, ${locale}, ${roles}::text[],
         ${passwordHash}, moment
       FROM ${CLOCK}
       WHERE NOT ${isReserved}::boolean AND NOT EXISTS (
         SELECT FROM resting_usernames WHERE username = lower(${username ?? null}::text COLLATE "C") AND until > moment
       )
       ON CONFLICT DO NOTHING
       RETURNING ${USER}, refuse_resting_username(username, id, created_at) AS checked`
    )
    .catch(refuseTaken('/username'))
  if (!row) throw await namesTaken(database, { id, username, email, isReserved })
  const { checked: _, ...user } = row
  return toUser(user)
}

async function namesTaken(
  database: Database,
  {
    id,
    username,
    email,
    isReserved
  }: { [Name in keyof Names]: string | undefined } & { id: string; isReserved: boolean }
) {
  const [taken] = await database.query<{ id: boolean; username: boolean; email: boolean }>(
    sql`SELECT ${isReserved}::boolean
              OR EXISTS (SELECT FROM users WHERE lower(username COLLATE "C") = ${fold(username)})
              OR EXISTS (
                SELECT FROM resting_usernames WHERE username = ${fold(username)} AND until > ${NOW}
              ) AS username,
            EXISTS (SELECT FROM users WHERE lower(email COLLATE "C") = ${fold(email)}) AS email,
            EXISTS (SELECT FROM users WHERE id = ${id}) AS id`
  )
  const errors = (['id', 'username', 'email'] as const)
    .filter((name) => taken?.[name])
    .map((name) => ({ path: `/${name}`, message: 'is taken', rule: 'taken' }))
  return new Problem('ACCOUNT_EXISTS', { errors })
}

/** Marks the email address of a user as verified. @returns whether it was not verified before */
export async function markVerified(database: Database, id: string): Promise<boolean> {
  const marked = await database.query(
    sql`UPDATE users SET email_verified = true WHERE id = ${id} AND NOT email_verified RETURNING 1`
  )
  return marked.length > 0
}

/** The settings that a change of the username needs. */
export interface UsernameChange {
  /** Lifetime of access tokens, which carry the username, in seconds. */
  tokenTtl: number
}

/**
 * Changes a username. The previous one rests while access tokens may carry it: until then only the same user can take
 * it back.
 *
 * @returns undefined if the user no longer exists
 * @throws Problem ACCOUNT_EXISTS if the username is taken
 */
export async function changeUsername(
  database: Database,
  { tokenTtl }: UsernameChange,
  id: string,
  username: string
): Promise<User | undefined> {
  const [row] = await database
    .query<UserRow>(
      sql`WITH renamed AS (
         UPDATE users SET username = ${username}
         FROM (SELECT id, lower(username COLLATE "C") AS previous FROM users WHERE id = ${id} FOR NO KEY UPDATE) AS before
         WHERE users.id = before.id
         RETURNING users.id, users.username, email, email_verified, created_at, previous,
           refuse_resting_username(users.username, users.id, ${NOW})
       ), resting AS (
         INSERT INTO resting_usernames (username, user_id, until)
         SELECT previous, id, ${NOW} + make_interval(secs => ${tokenTtl + SKEW}) FROM renamed
         WHERE previous <> lower(username COLLATE "C")
         ON CONFLICT (username) DO UPDATE SET user_id = excluded.user_id, until = excluded.until
       )
       SELECT ${USER} FROM renamed`
    )
    .catch(refuseTaken('/username'))
  return row && toUser(row)
}

/** Removes the username of a user who has an address. It rests while access tokens may carry it. */
export async function removeUsername(transaction: Database, { tokenTtl }: UsernameChange, id: string): Promise<void> {
  await transaction.query(
    sql`WITH removed AS (
       UPDATE users SET username = NULL
       FROM (SELECT id, lower(username COLLATE "C") AS previous FROM users WHERE id = ${id}) AS before
       WHERE users.id = before.id AND previous IS NOT NULL
       RETURNING users.id, previous
     )
     INSERT INTO resting_usernames (username, user_id, until)
     SELECT previous, id, ${NOW} + make_interval(secs => ${tokenTtl + SKEW}) FROM removed
     ON CONFLICT (username) DO UPDATE SET user_id = excluded.user_id, until = excluded.until`
  )
}

/**
 * Changes the email address of a user.
 *
 * @param verified whether the new address is verified
 * @param path JSON pointer of the address in the request, for the error
 * @returns the previous address
 * @throws Problem ACCOUNT_EXISTS if the address is taken
 */
export async function replaceEmail(
  transaction: Database,
  id: string,
  email: string,
  { verified = true, path = '/token' } = {}
): Promise<ReplacedEmail> {
  const [row] = await transaction
    .query<ReplacedEmail>(
      sql`UPDATE users SET email = ${email}, email_verified = ${verified}, email_version = users.email_version + 1
       FROM (SELECT id, email, email_verified, email_version FROM users WHERE id = ${id}) AS before
       WHERE users.id = before.id
       RETURNING users.username, before.email, before.email_verified, before.email_version`
    )
    .catch(refuseTaken(path))
  return row as ReplacedEmail
}

/** Removes the email address of a user who has a username. */
export async function removeEmail(transaction: Database, id: string): Promise<void> {
  await transaction.query(
    sql`UPDATE users SET email = NULL, email_verified = false, email_version = email_version + 1 WHERE id = ${id}`
  )
}

/** The email address before a change, and the username. */
export interface ReplacedEmail extends AccountNames {
  email_verified: boolean
  email_version: number
}

/** SQLSTATE. */
const UNIQUE_VIOLATION = '23505'

const refuseTaken =
  (path: string) =>
  (error: unknown): never => {
    throw sqlState(error) === UNIQUE_VIOLATION ? nameTaken(path) : error
  }

/** @param path JSON pointer of the name in the request */
export const nameTaken = (path: string) =>
  new Problem('ACCOUNT_EXISTS', { errors: [{ path, message: 'is taken', rule: 'taken' }] })

/** Converts a row to the user of the API. */
export function toUser({ created_at, ...user }: UserRow): User {
  return { ...user, created_at: created_at.toISOString() }
}

/** Deletes a user, with everything that references it. The caller has locked the user. */
export async function deleteUser(transaction: Database, id: string): Promise<void> {
  // Sessions are deleted by cascade. Locking them first, in the order of all other statements, prevents deadlocks.
  await transaction.query(
    sql`SELECT count(*) FROM (SELECT FROM sessions WHERE user_id = ${id} ORDER BY id FOR UPDATE) AS locked`
  )
  await transaction.query(sql`DELETE FROM users WHERE id = ${id}`)
}
