import { createHash } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { CLOCK, sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'
import { nameTaken } from '../users/users.ts'
import { createServiceKeyId, createServiceKeyText, readServiceKeyId } from './service-key-text.ts'

/** The most living keys. */
export const MAX_SERVICE_KEYS = 100

/** The help of the `<key>` argument. */
export const KEY_ARGUMENT = 'its id or its name: service-keys list'

/** How many keys are listed at most. */
const MAX_LISTED = 200

/** A service key as it is shown. */
export interface ServiceKey {
  /** As in the key itself. */
  id: string
  name: string
  scopes: string[]
  created_at: string
  created_by: string | null
  expires_at: string | null
  last_used_at: string | null
  last_used_from: string | null
  revoked_at: string | null
}

/** A service key, with the secret that is shown once. */
export interface NewServiceKey {
  serviceKey: ServiceKey
  /** The text of the key. */
  key: string
}

interface Row extends Omit<ServiceKey, `${string}_at`> {
  created_at: Date
  expires_at: Date | null
  last_used_at: Date | null
  revoked_at: Date | null
}

const COLUMNS = sql`id, name, scopes, created_at, created_by, expires_at, last_used_at,
  host(last_used_from) AS last_used_from, revoked_at`

/** A key that is neither revoked nor expired, beside `CLOCK`. */
const IS_LIVING = sql`(revoked_at IS NULL AND (expires_at IS NULL OR expires_at > moment))`

/** What a service key is allowed. */
export type FoundServiceKey = Pick<ServiceKey, 'id' | 'name' | 'scopes'>

/**
 * Finds the living service key of a text. A text that is no key costs no statement; of any other, the time does not tell
 * whether the key is unknown, revoked, expired or has another secret.
 *
 * @param from the address of the client, which is stored once an hour at most
 */
export async function findServiceKey(
  database: Database,
  text: string,
  from: string
): Promise<FoundServiceKey | undefined> {
  const id = readServiceKeyId(text)
  if (id === undefined) return undefined
  const hash = sha256(text)
  const [row] = await database.query<FoundServiceKey>(
    sql`WITH found AS (
       SELECT id, name, scopes, moment,
         last_used_at IS NULL OR last_used_at <= moment - interval '1 hour' AS is_due
       FROM service_keys, ${CLOCK}
       WHERE id = ${id} AND ${IS_LIVING}
         AND (hash = ${hash} OR (previous_hash = ${hash} AND previous_until > moment))
     ), used AS (
       UPDATE service_keys SET last_used_at = moment, last_used_from = ${from}
       FROM found WHERE service_keys.id = found.id AND is_due
     )
     SELECT id, name, scopes FROM found`
  )
  return row
}

/** Lists the service keys: active ones first, then the newest first. */
export async function listServiceKeys(database: Database): Promise<ServiceKey[]> {
  const rows = await database.query<Row>(
    sql`SELECT ${COLUMNS} FROM service_keys, ${CLOCK} ORDER BY ${IS_LIVING} DESC, created_at DESC, id LIMIT ${MAX_LISTED}`
  )
  return rows.map(toServiceKey)
}

/**
 * Finds the service key that an operator means, by its id or by its name in any letter case. A revoked key has no name
 * any more.
 *
 * @returns the id; a text that fits no key stays as it is, and is then the id of none
 * @throws Error if several keys have the name: one that lives, and others that have expired
 */
export async function findServiceKeyId(database: Database, text: string): Promise<string> {
  const keys = await database.query<{ id: string; name: string }>(
    sql`SELECT id, name FROM service_keys WHERE revoked_at IS NULL ORDER BY created_at DESC, id`
  )
  if (keys.some(({ id }) => id === text)) return text
  const [first, ...others] = keys.filter(({ name }) => fold(name) === fold(text)).map(({ id }) => id)
  if (others.length === 0) return first ?? text
  throw new Error(`Several keys have this name: ${[first, ...others].join(', ')}. Give the id of one.`)
}

/** A service key to be made. */
export interface ServiceKeyOptions {
  name: string
  scopes: readonly string[]
  /** Seconds; without it the key does not expire. */
  expiresIn?: number | undefined
  /** The id of the account that makes it; none for a command. */
  createdBy?: string | undefined
}

/**
 * Makes a service key.
 *
 * @throws Problem ACCOUNT_EXISTS if a living key has the name; FORBIDDEN if there are too many
 */
export async function createServiceKey(
  transaction: Database,
  { name, scopes, expiresIn, createdBy }: ServiceKeyOptions
): Promise<NewServiceKey> {
  // Keys are made one after the other, so that names and the number are exact. Uses of keys do not wait.
  await transaction.query(sql`LOCK TABLE service_keys IN SHARE UPDATE EXCLUSIVE MODE`)
  const living = await transaction.query<{ name: string }>(
    sql`SELECT name FROM service_keys, ${CLOCK} WHERE ${IS_LIVING}`
  )
  if (living.some((other) => fold(other.name) === fold(name))) throw nameTaken('/name')
  if (living.length >= MAX_SERVICE_KEYS) {
    throw new Problem('FORBIDDEN', { message: `There are ${MAX_SERVICE_KEYS} service keys already.` })
  }
  const id = createServiceKeyId()
  const key = createServiceKeyText(id)
  const [row] = await transaction.query<Row>(
    sql`INSERT INTO service_keys (id, name, scopes, hash, created_at, created_by, expires_at)
     SELECT ${id}, ${name}, ${[...new Set(scopes)].sort()}, ${sha256(key)}, moment, ${createdBy ?? null},
       moment + make_interval(secs => ${expiresIn ?? null})
     FROM ${CLOCK}
     RETURNING ${COLUMNS}`
  )
  return { serviceKey: toServiceKey(row as Row), key }
}

/**
 * Gives a living service key a new secret. The previous one works for some time; an older one stops at once.
 *
 * @param overlap seconds
 * @returns undefined if there is no such key, or it is revoked or expired
 */
export async function rotateServiceKey(
  database: Database,
  id: string,
  overlap: number
): Promise<NewServiceKey | undefined> {
  const key = createServiceKeyText(id)
  const [row] = await database.query<Row>(
    sql`UPDATE service_keys SET hash = ${sha256(key)}, previous_hash = hash,
       previous_until = moment + make_interval(secs => ${overlap})
     FROM ${CLOCK}
     WHERE id = ${id} AND ${IS_LIVING}
     RETURNING ${COLUMNS}`
  )
  return row && { serviceKey: toServiceKey(row), key }
}

/**
 * Revokes a service key: every instance refuses it at once.
 *
 * @returns undefined if there is no such key, or it is revoked already
 */
export async function revokeServiceKey(database: Database, id: string): Promise<ServiceKey | undefined> {
  const [row] = await database.query<Row>(
    sql`UPDATE service_keys SET revoked_at = moment FROM ${CLOCK}
     WHERE id = ${id} AND revoked_at IS NULL
     RETURNING ${COLUMNS}`
  )
  return row && toServiceKey(row)
}

function toServiceKey(row: Row): ServiceKey {
  return {
    ...row,
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at?.toISOString() ?? null,
    last_used_at: row.last_used_at?.toISOString() ?? null,
    revoked_at: row.revoked_at?.toISOString() ?? null
  }
}

/** Names are compared without regard to case, and to how their accents are encoded. */
const fold = (name: string) => name.normalize('NFC').toLowerCase()

const sha256 = (text: string) => createHash('sha256').update(text).digest()
