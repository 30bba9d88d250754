import type { Database } from '../database/database.ts'
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
const DEVICE_OWNER = 'id, password_version, device_version'
const CREDENTIALS = `id, username, email, email_verified, password_hash, password_version, email_version,
  device_version, disabled_at IS NOT NULL AS disabled`

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
