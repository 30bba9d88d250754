import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import { fold, type Names } from './names.ts'

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
const DEVICE_OWNER = sql`id, password_version, device_version`
const CREDENTIALS = sql`id, username, email, email_verified, password_hash, password_version, email_version,
  device_version, disabled_at IS NOT NULL AS disabled`

/** Finds what a login is checked against. */
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

/** Finds what a user who has signed in is checked against once more. */
export async function findOwnCredentials(database: Database, id: string): Promise<Credentials | undefined> {
  const [row] = await database.query<Credentials>(sql`SELECT ${CREDENTIALS} FROM users WHERE id = ${id}`)
  return row
}

/** Replaces a user's hash by a new one of the same password, unless that has changed meanwhile. */
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
    sql`UPDATE users SET password_hash = ${changed}, password_version = password_version + 1
     WHERE id = ${id} AND password_version = ${password_version}
     RETURNING ${DEVICE_OWNER}`
  )
  return row
}

/** Finds what the devices of a user are bound to. */
export async function findDeviceOwner(database: Database, id: string): Promise<DeviceOwner | undefined> {
  const [row] = await database.query<DeviceOwner & Record<string, unknown>>(
    sql`SELECT ${DEVICE_OWNER} FROM users WHERE id = ${id}`
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
    sql`UPDATE users SET device_version = device_version + 1 WHERE id = ${id} RETURNING ${DEVICE_OWNER}`
  )
  return row
}

/** Gives a user another password, whatever the present one is; the user is locked. */
export async function replacePasswordHash(transaction: Database, id: string, hash: string): Promise<void> {
  await transaction.query(
    sql`UPDATE users SET password_hash = ${hash}, password_version = password_version + 1 WHERE id = ${id}`
  )
}
