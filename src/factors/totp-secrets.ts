import { randomBytes } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { asNumber, NOW, sql } from '../database/sql.ts'
import { seal, unseal } from '../secrets/sealing.ts'
import { matchingStep, SECRET_BYTES, STEP_SECONDS } from './totp.ts'

/** How long a new secret can be confirmed, in seconds. */
export const PENDING_SECONDS = 600

/** The number of consecutive wrong codes after which codes are refused (NIST SP 800-63B-4 §3.2.2). */
export const MAX_WRONG_CODES = 100

const PURPOSE = 'totp secret'

/** The current time step, by the clock of the database, which all instances share. */
const STEP = asNumber(sql`floor(extract(epoch FROM ${NOW}) / ${STEP_SECONDS})::bigint`)

/** A correct code, to be used. */
export interface TotpProof {
  /** The time step of the code. */
  step: number
  /** The stored secret. If it is replaced before the code is used, the code proves nothing. */
  sealed: Buffer
}

/**
 * Creates a pending secret. A confirmed one stays in use until the new one is confirmed; an earlier pending one is
 * replaced.
 *
 * @param key derived for TOTP secrets
 * @returns the secret
 */
export async function addPendingTotp(database: Database, key: Buffer, user: string): Promise<Buffer> {
  const secret = randomBytes(SECRET_BYTES)
  const pending = sealSecret(secret, key, user)
  await database.query(
    sql`INSERT INTO totp (user_id, pending, pending_until)
     VALUES (${user}, ${pending}, ${NOW} + make_interval(secs => ${PENDING_SECONDS}))
     ON CONFLICT (user_id) DO UPDATE SET pending = excluded.pending, pending_until = excluded.pending_until`
  )
  return secret
}

/**
 * Confirms the pending secret with one of its codes: it replaces the secret in use. The time step of the code counts as
 * used, so the same code cannot sign in.
 *
 * @param key derived for TOTP secrets
 * @returns false if the code is wrong or no secret is pending
 */
export async function confirmTotp(database: Database, key: Buffer, user: string, code: string): Promise<boolean> {
  const [row] = await database.query<{ pending: Buffer; step: number }>(
    sql`SELECT pending, ${STEP} AS step FROM totp WHERE user_id = ${user} AND pending_until > ${NOW}`
  )
  const step = row && matchingStep(code, { secret: openSecret(row.pending, key, user), step: row.step, lastStep: null })
  if (step === undefined) return false
  const confirmed = await database.query(
    sql`UPDATE totp SET secret = pending, confirmed_at = ${NOW}, last_step = ${step}, wrong_codes = 0,
       pending = NULL, pending_until = NULL
     WHERE user_id = ${user} AND pending = ${row?.pending as Buffer} AND pending_until > ${NOW}
     RETURNING 1`
  )
  return confirmed.length > 0
}

/**
 * Checks a code of the confirmed secret without using it. The code counts as wrong until it is used, so that concurrent
 * checks cannot exceed the limit.
 *
 * @param key derived for TOTP secrets
 * @returns undefined if the code is wrong or was used, the account has no app, or too many codes were wrong
 * @throws Error if the stored secret is damaged
 */
export async function checkTotp(
  database: Database,
  key: Buffer,
  user: string,
  code: string
): Promise<TotpProof | undefined> {
  const [row] = await database.query<{ secret: Buffer; last_step: number | null; step: number }>(
    sql`UPDATE totp SET wrong_codes = wrong_codes + 1
     WHERE user_id = ${user} AND secret IS NOT NULL AND wrong_codes < ${MAX_WRONG_CODES}
     RETURNING secret, ${asNumber(sql`last_step`)} AS last_step, ${STEP} AS step`
  )
  if (!row) return undefined
  const { secret: sealed, step: present, last_step: lastStep } = row
  const step = matchingStep(code, { secret: openSecret(sealed, key, user), step: present, lastStep })
  return step === undefined ? undefined : { step, sealed }
}

/** Refunds a check whose outcome is unknown. */
export async function refundTotpCheck(database: Database, user: string): Promise<void> {
  await database.query(sql`UPDATE totp SET wrong_codes = wrong_codes - 1 WHERE user_id = ${user} AND wrong_codes > 0`)
}

/**
 * Uses a code, in the transaction of its purpose, and resets the number of wrong codes. Of concurrent uses, one
 * succeeds (RFC 6238 §5.2).
 *
 * @returns false if a code of the same or a later time step was used, or the secret was replaced
 */
export async function useTotp(transaction: Database, user: string, { step, sealed }: TotpProof): Promise<boolean> {
  const used = await transaction.query(
    sql`UPDATE totp SET last_step = ${step}, wrong_codes = 0
     WHERE user_id = ${user} AND secret = ${sealed} AND (last_step IS NULL OR last_step < ${step})
     RETURNING 1`
  )
  return used.length > 0
}

/**
 * Resets the number of wrong codes, after another factor succeeded or when an operator unlocks the account.
 *
 * @returns the number before
 */
export async function resetWrongCodes(database: Database, user: string): Promise<number> {
  const [row] = await database.query<{ wrong_codes: number }>(
    sql`UPDATE totp SET wrong_codes = 0
     FROM (SELECT user_id, wrong_codes FROM totp WHERE user_id = ${user} AND wrong_codes > 0 FOR UPDATE) AS before
     WHERE totp.user_id = before.user_id
     RETURNING before.wrong_codes`
  )
  return row?.wrong_codes ?? 0
}

/**
 * Deletes the confirmed and the pending secret of an account.
 *
 * @returns whether there was a confirmed one
 */
export async function deleteTotp(transaction: Database, user: string): Promise<boolean> {
  const [deleted] = await transaction.query<{ confirmed: boolean }>(
    sql`DELETE FROM totp WHERE user_id = ${user} RETURNING secret IS NOT NULL AS confirmed`
  )
  return deleted?.confirmed ?? false
}

const sealSecret = (secret: Buffer, key: Buffer, user: string) => seal(secret, PURPOSE, user, secretsOf(key))

function openSecret(sealed: Buffer, key: Buffer, user: string): Buffer {
  const secret = unseal(sealed, PURPOSE, user, secretsOf(key))
  if (!secret) throw new Error('the TOTP secret of an account cannot be opened: its row is damaged')
  return secret
}

const secretsOf = (key: Buffer) => ({ current: key.toString('base64url') })
