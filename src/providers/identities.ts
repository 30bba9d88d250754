import { v7 as uuid } from 'uuid'
import type { Database } from '../database/database.ts'
import { NOW, sql } from '../database/sql.ts'
import { CREDENTIALS, type Credentials } from '../users/credentials.ts'
import type { ProvenIdentity } from './provider.ts'

/** An identity of an account, as its owner sees it. */
export interface Identity {
  id: string
  /** The id of the provider in the settings. */
  provider: string
  /** The address at the provider. */
  email: string | null
  linked_at: Date
  last_used_at: Date | null
}

/** An identity in the export of an account. */
export interface IdentityRecord extends Identity {
  issuer: string
  subject: string
}

/**
 * Finds the account of an identity, and notes the use. One statement: the address that the provider has now is stored
 * with the identity, and never with the account.
 */
export async function useIdentity(
  database: Database,
  { issuer, subject, email }: ProvenIdentity
): Promise<Credentials | undefined> {
  const [row] = await database.query<Credentials>(
    sql`WITH used AS (
       UPDATE identities SET last_used_at = ${NOW}, email = coalesce(${email ?? null}, email)
       WHERE issuer = ${issuer} AND subject = ${subject}
       RETURNING user_id
     )
     SELECT ${CREDENTIALS} FROM users WHERE id = (SELECT user_id FROM used)`
  )
  return row
}

/** Finds the id of the account of an identity. */
export async function findIdentityOwner(
  database: Database,
  { issuer, subject }: ProvenIdentity
): Promise<string | undefined> {
  const [row] = await database.query<{ user_id: string }>(
    sql`SELECT user_id FROM identities WHERE issuer = ${issuer} AND subject = ${subject}`
  )
  return row?.user_id
}

/**
 * Adds an identity to an account. Of concurrent ones, the unique index lets one succeed.
 *
 * @param provider the id of the provider
 * @returns false if an account has it already
 */
export async function addIdentity(
  transaction: Database,
  user: string,
  provider: string,
  { issuer, subject, email }: ProvenIdentity
): Promise<boolean> {
  const id = uuid({ msecs: transaction.clock.now() })
  const added = await transaction.query(
    sql`INSERT INTO identities (id, user_id, provider, issuer, subject, email, linked_at)
     VALUES (${id}, ${user}, ${provider}, ${issuer}, ${subject}, ${email ?? null}, ${NOW})
     ON CONFLICT (issuer, subject) DO NOTHING
     RETURNING 1`
  )
  return added.length > 0
}

/** Lists the identities of an account, the oldest first. */
export async function listIdentities(database: Database, user: string): Promise<IdentityRecord[]> {
  return database.query<IdentityRecord & Record<string, unknown>>(
    sql`SELECT id, provider, issuer, subject, email, linked_at, last_used_at
     FROM identities WHERE user_id = ${user} ORDER BY id`
  )
}

/** Deletes an identity of an account. @returns the id of its provider; undefined if the account has no such identity */
export async function deleteIdentity(transaction: Database, user: string, id: string): Promise<string | undefined> {
  const [deleted] = await transaction.query<{ provider: string }>(
    sql`DELETE FROM identities WHERE id = ${id} AND user_id = ${user} RETURNING provider`
  )
  return deleted?.provider
}

/** Deletes the identities of an account at one provider. @returns how many there were */
export async function deleteIdentitiesAt(transaction: Database, user: string, provider: string): Promise<number> {
  const deleted = await transaction.query(
    sql`DELETE FROM identities WHERE user_id = ${user} AND provider = ${provider} RETURNING 1`
  )
  return deleted.length
}

/** Deletes all identities of an account. @returns how many there were */
export async function deleteAllIdentities(transaction: Database, user: string): Promise<number> {
  const deleted = await transaction.query(sql`DELETE FROM identities WHERE user_id = ${user} RETURNING 1`)
  return deleted.length
}

/**
 * Deletes the identities that were added to an account since a time, when an attacker may have had it.
 *
 * @returns how many there were
 */
export async function deleteIdentitiesSince(transaction: Database, user: string, since: Date): Promise<number> {
  const deleted = await transaction.query(
    sql`DELETE FROM identities WHERE user_id = ${user} AND linked_at >= ${since} RETURNING 1`
  )
  return deleted.length
}
