import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'
import { NO_PASSWORD } from '../passwords/stored-hash.ts'
import type { AccountNames, Names } from '../schemas/users.ts'
import { fold } from './names.ts'

/** The data of an account that authentication needs. */
export interface Credentials extends AccountNames {
  id: string
  email_verified: boolean
  /** Null for an account without a password. */
  password_hash: string | null
  password_version: number
  email_version: number
  device_version: number
  /** Whether a password alone does not sign in. */
  mfa_required: boolean
  /** A disabled account never authenticates. */
  disabled: boolean
}

/** The account of a device cookie. A new version of either kind revokes all earlier cookies. */
export type DeviceOwner = Pick<Credentials, 'id' | 'password_version' | 'device_version'>
/** The account of somebody who has set or proven its password. */
export type PasswordOwner = DeviceOwner & Pick<Credentials, 'mfa_required'>
const DEVICE_OWNER = sql`id, password_version, device_version`
/** The hash of the password; null for an account without one. */
export const PASSWORD_HASH = sql`nullif(password_hash, ${NO_PASSWORD})`

/** The columns of Credentials. */
export const CREDENTIALS = sql`id, username, email, email_verified, ${PASSWORD_HASH} AS password_hash, password_version,
  email_version, device_version, mfa_required, disabled_at IS NOT NULL AS disabled`

/** Finds the credentials for a login, by username or email. */
export async function findCredentials(
  database: Database,
  { username, email }: Names
): Promise<Credentials | undefined> {
  const name = username === undefined ? sql`email` : sql`username`
  const [row] = await database.query<Credentials>(
    sql`SELECT ${CREDENTIALS} FROM users WHERE lower(${name} COLLATE "C") = ${fold(username ?? email)}`
  )
  return row
}

/** Finds the credentials of a user who authenticates again, as for a password change. */
export async function findOwnCredentials(database: Database, id: string): Promise<Credentials | undefined> {
  const [row] = await database.query<Credentials>(sql`SELECT ${CREDENTIALS} FROM users WHERE id = ${id}`)
  return row
}

/** The same, for a transaction that locks the user. */
export async function lockOwnCredentials(transaction: Database, id: string): Promise<Credentials | undefined> {
  const [row] = await transaction.query<Credentials>(
    sql`SELECT ${CREDENTIALS} FROM users WHERE id = ${id} FOR NO KEY UPDATE`
  )
  return row
}

/** Finds the credentials by an address, and locks the user. */
export async function lockCredentialsByEmail(transaction: Database, email: string): Promise<Credentials | undefined> {
  const [row] = await transaction.query<Credentials>(
    sql`SELECT ${CREDENTIALS} FROM users WHERE lower(email COLLATE "C") = ${fold(email)} FOR NO KEY UPDATE`
  )
  return row
}

/** Replaces a hash by a new one of the same password. Does nothing if the password was changed meanwhile. */
export async function renewPasswordHash(
  database: Database,
  { id, password_version }: Pick<Credentials, 'id' | 'password_version'>,
  renewed: string
): Promise<void> {
  await database.query(
    sql`UPDATE users SET password_hash = ${renewed} WHERE id = ${id} AND password_version = ${password_version}`
  )
}

/**
 * Changes a password, unless it was changed since the credentials were read.
 *
 * @returns the versions for new device cookies; undefined if it was changed
 */
export async function changePasswordHash(
  database: Database,
  { id, password_version }: Pick<Credentials, 'id' | 'password_version'>,
  changed: string
): Promise<DeviceOwner | undefined> {
  const [row] = await database.query<DeviceOwner>(
    sql`UPDATE users SET password_hash = ${changed}, password_version = password_version + 1
     WHERE id = ${id} AND password_version = ${password_version}
     RETURNING ${DEVICE_OWNER}`
  )
  return row
}

/** Finds the versions that device cookies of a user carry. */
export async function findDeviceOwner(database: Database, id: string): Promise<DeviceOwner | undefined> {
  const [row] = await database.query<DeviceOwner>(sql`SELECT ${DEVICE_OWNER} FROM users WHERE id = ${id}`)
  return row
}

/**
 * Revokes the device cookies of a user. A password change does so too.
 *
 * @returns the versions for new device cookies; undefined if the user no longer exists
 */
export async function voidDevices(database: Database, id: string): Promise<DeviceOwner | undefined> {
  const [row] = await database.query<DeviceOwner>(
    sql`UPDATE users SET device_version = device_version + 1 WHERE id = ${id} RETURNING ${DEVICE_OWNER}`
  )
  return row
}

/** Sets a password unconditionally, or removes it. The caller has locked the user. */
export async function replacePasswordHash(transaction: Database, id: string, hash: string | null): Promise<void> {
  await transaction.query(
    sql`UPDATE users SET password_hash = ${hash}, password_version = password_version + 1 WHERE id = ${id}`
  )
}

/** The refusal of a wrong current password. */
export const wrongPassword = () => new Problem('INVALID_CREDENTIALS', { message: 'The current password is wrong.' })
