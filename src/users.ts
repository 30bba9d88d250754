import { v7 as uuid } from 'uuid'
import type { Clock } from './clock.ts'
import type { Database } from './database.ts'
import { Problem } from './errors.ts'
import type { User } from './schemas.ts'

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
  password_hash: string
  password_version: number
  /** Then no password is right. */
  disabled: boolean
}

/** A user by either name: one of the two is there. */
export interface Names {
  username?: string
  email?: string
}

/** The columns of a UserRow. */
export const USER = 'id, username, email, email_verified, created_at'
const CREDENTIALS = 'id, username, email, password_hash, password_version, disabled_at IS NOT NULL AS disabled'

/**
 * Adds a user. The unique indexes decide who gets a name, so that of several at once one does.
 *
 * @throws Problem ACCOUNT_EXISTS naming each name that is taken
 */
export async function addUser(
  database: Database,
  clock: Clock,
  { username, email, emailVerified = false, passwordHash }: Names & { emailVerified?: boolean; passwordHash: string }
): Promise<User> {
  const [row] = await database.query<UserRow>(
    `INSERT INTO users (id, username, email, email_verified, password_hash, created_at)
     VALUES ($1, $2, $3, $4, $5, now() + $6 * interval '1 millisecond')
     ON CONFLICT DO NOTHING
     RETURNING ${USER}`,
    [uuid({ msecs: clock.now() }), username ?? null, email ?? null, emailVerified, passwordHash, clock.offset]
  )
  if (!row) throw await namesTaken(database, { username, email })
  return present(row)
}

async function namesTaken(database: Database, { username, email }: { [Name in keyof Names]: string | undefined }) {
  const [taken] = await database.query<{ username: boolean; email: boolean }>(
    `SELECT EXISTS (SELECT FROM users WHERE lower(username COLLATE "C") = $1) AS username,
            EXISTS (SELECT FROM users WHERE lower(email COLLATE "C") = $2) AS email`,
    [fold(username), fold(email)]
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
 * @returns whether it was still the one that the credentials were read with
 */
export async function changePasswordHash(
  database: Database,
  { id, password_version }: Pick<Credentials, 'id' | 'password_version'>,
  changed: string
): Promise<boolean> {
  const rows = await database.query(
    `UPDATE users SET password_hash = $3, password_version = password_version + 1
     WHERE id = $1 AND password_version = $2
     RETURNING id`,
    [id, password_version, changed]
  )
  return rows.length > 0
}

/** A user as the API shows one. */
export function present({ created_at, ...user }: UserRow): User {
  return { ...user, created_at: created_at.toISOString() }
}

/** Letter case as the unique indexes fold it: ASCII's alone, so that no other letter turns into one of a name's. */
export function foldName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}

const fold = (name: string | undefined) => (name === undefined ? null : foldName(name))
