import { v7 as uuid } from 'uuid'
import type { Database } from '../database/database.ts'
import { asNumber, NOW, sql } from '../database/sql.ts'
import { nameOfAuthenticator } from './aaguids.ts'

/** The maximum number of passkeys of an account. */
export const MAX_PASSKEYS = 20

/** A passkey as its owner sees it. */
export interface Passkey {
  id: string
  /** base64url. */
  credential_id: string
  name: string
  created_at: Date
  last_used_at: Date | null
  backup_eligible: boolean
  backed_up: boolean
}

/** A passkey in the export of an account. */
export interface PasskeyRecord extends Passkey {
  transports: string[]
  rp_id: string
}

/** A passkey that was verified at its registration. */
export interface NewPasskey {
  credentialId: Buffer
  /** A COSE key. */
  publicKey: Buffer
  signCount: number
  transports: string[]
  rpId: string
  aaguid: string
  backupEligible: boolean
  backedUp: boolean
}

/** The stored part of a passkey that verifies an answer. */
export interface StoredPasskey {
  id: string
  user: string
  credentialId: Buffer
  publicKey: Buffer
  backupEligible: boolean
}

/** A passkey in the options of a ceremony. */
export interface PasskeyDescriptor {
  credentialId: Buffer
  transports: string[]
}

/** base64url (RFC 4648 §5). PostgreSQL has only base64, with line breaks. */
const CREDENTIAL_ID = sql`rtrim(translate(encode(credential_id, 'base64'), E'+/\n', '-_'), '=')`
const PASSKEY = sql`id, ${CREDENTIAL_ID} AS credential_id, name, created_at, last_used_at, backup_eligible, backed_up`

/** Lists all passkeys of an account, the oldest first. */
export async function listPasskeys(database: Database, user: string): Promise<PasskeyRecord[]> {
  return database.query<PasskeyRecord & Record<string, unknown>>(
    sql`SELECT ${PASSKEY}, transports, rp_id FROM passkeys WHERE user_id = ${user} ORDER BY created_at, id`
  )
}

/** Lists the passkeys of an account for the options of a ceremony: those of its RP ID. */
export async function describePasskeys(database: Database, user: string, rpId: string): Promise<PasskeyDescriptor[]> {
  return database.query<PasskeyDescriptor & Record<string, unknown>>(
    sql`SELECT credential_id AS "credentialId", transports FROM passkeys
     WHERE user_id = ${user} AND rp_id = ${rpId} ORDER BY created_at, id`
  )
}

/** Finds a passkey of any account by its credential id. */
export async function findPasskey(database: Database, credentialId: Buffer): Promise<StoredPasskey | undefined> {
  const [passkey] = await database.query<StoredPasskey & Record<string, unknown>>(
    sql`SELECT id, user_id AS "user", credential_id AS "credentialId", public_key AS "publicKey",
       backup_eligible AS "backupEligible"
     FROM passkeys WHERE credential_id = ${credentialId}`
  )
  return passkey
}

/**
 * Adds a passkey. Locks the account, so that concurrent requests cannot exceed the maximum.
 *
 * @param name by default, the name of the authenticator's model
 * @returns the passkey; 'too many' if the account has the maximum; 'known' if the credential is already registered
 */
export async function addPasskey(
  database: Database,
  user: string,
  passkey: NewPasskey,
  name = nameOfAuthenticator(passkey.aaguid)
): Promise<Passkey | 'too many' | 'known'> {
  const id = uuid({ msecs: database.clock.now() })
  return database.transact(async (transaction) => {
    await transaction.query(sql`SELECT FROM users WHERE id = ${user} FOR NO KEY UPDATE`)
    const [held] = await transaction.query<{ count: number }>(
      sql`SELECT count(*)::int AS count FROM passkeys WHERE user_id = ${user}`
    )
    if ((held?.count as number) >= MAX_PASSKEYS) return 'too many'
    const [added] = await transaction.query<Passkey & Record<string, unknown>>(
      sql`INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, transports, rp_id, aaguid,
         backup_eligible, backed_up, name, created_at)
       VALUES (${id}, ${user}, ${passkey.credentialId}, ${passkey.publicKey}, ${passkey.signCount},
         ${passkey.transports}, ${passkey.rpId}, ${passkey.aaguid}, ${passkey.backupEligible}, ${passkey.backedUp},
         ${name}, ${NOW})
       ON CONFLICT (credential_id) DO NOTHING
       RETURNING ${PASSKEY}`
    )
    return added ?? 'known'
  })
}

/** Renames a passkey; undefined if the account has none with that id. */
export async function renamePasskey(
  database: Database,
  user: string,
  id: string,
  name: string
): Promise<Passkey | undefined> {
  const [renamed] = await database.query<Passkey & Record<string, unknown>>(
    sql`UPDATE passkeys SET name = ${name} WHERE id = ${id} AND user_id = ${user} RETURNING ${PASSKEY}`
  )
  return renamed
}

/**
 * Deletes a passkey. The caller has locked the account.
 *
 * @returns whether the account had one with that id
 */
export async function deletePasskey(transaction: Database, user: string, id: string): Promise<boolean> {
  const deleted = await transaction.query(sql`DELETE FROM passkeys WHERE id = ${id} AND user_id = ${user} RETURNING 1`)
  return deleted.length > 0
}

/** Deletes all passkeys of an account and returns their number. */
export async function deleteAllPasskeys(transaction: Database, user: string): Promise<number> {
  const deleted = await transaction.query(sql`DELETE FROM passkeys WHERE user_id = ${user} RETURNING 1`)
  return deleted.length
}

/** The state of the authenticator in an answer whose signature was valid. */
export interface PasskeyUse {
  signCount: number
  backedUp: boolean
}

/**
 * Records a use, in the transaction of its purpose. The counter must increase or stay 0, unless the passkey can be
 * synced: synced passkeys have no common counter. Of concurrent uses with one counter, one succeeds.
 *
 * @returns 'cloned' if the counter did not increase (WebAuthn Level 3 §6.1.1), and 'gone' if the passkey was deleted
 * meanwhile; neither changes anything
 */
export async function notePasskeyUse(
  transaction: Database,
  { id }: Pick<StoredPasskey, 'id'>,
  { signCount, backedUp }: PasskeyUse
): Promise<'used' | 'cloned' | 'gone'> {
  const [known] = await transaction.query<{ fits: boolean }>(
    sql`WITH known AS (
       SELECT id, backup_eligible OR sign_count < ${signCount}::bigint OR (sign_count = 0 AND ${signCount}::bigint = 0) AS fits
       FROM passkeys WHERE id = ${id} FOR NO KEY UPDATE
     ), used AS (
       UPDATE passkeys SET sign_count = ${signCount}, backed_up = ${backedUp}, last_used_at = ${NOW}
       FROM known WHERE passkeys.id = known.id AND fits
     )
     SELECT fits FROM known`
  )
  if (!known) return 'gone'
  return known.fits ? 'used' : 'cloned'
}

/** Counts the passkeys that cannot be used: those of another RP ID, or all if the service has none. */
export async function countForeignPasskeys(database: Database, rpId: string | undefined): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    sql`SELECT ${asNumber(sql`count(*)`)} AS count FROM passkeys WHERE rp_id IS DISTINCT FROM ${rpId ?? null}`
  )
  return (row as { count: number }).count
}
