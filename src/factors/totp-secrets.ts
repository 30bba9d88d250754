import { randomBytes } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { asNumber, NOW, sql } from '../database/sql.ts'
import { seal, unseal } from '../secrets/sealing.ts'
import { matchingStep, SECRET_BYTES, STEP_SECONDS } from './totp.ts'

/** How long a new secret waits for its first code, in seconds. */
export const PENDING_SECONDS = 600

/** How many wrong codes in a row an authenticator app may have (NIST SP 800-63B-4 §3.2.2). */
export const MOST_WRONG_CODES = 100

const PURPOSE = 'totp secret'

/** The present time step, by the clock of the database, which all instances share. */
const STEP = asNumber(sql`floor(extract(epoch FROM ${NOW}) / ${STEP_SECONDS})::bigint`)

/** A code that was right, to be used. */
export interface TotpProof {
  step: number
  /** The secret as it is stored: one that was replaced meanwhile proves nothing. */
  sealed: Buffer
}

/**
 * Makes a new secret beside the confirmed one, which stays in use until a code of the new one was shown. The newest one
 * replaces others that wait.
 *
 * @param key derived for TOTP secrets
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
 * Takes the new secret into use if the code is one of it. The step of the code counts as used, so that the code does not
 * sign in.
 *
 * @returns whether it did: not for a wrong code, nor where no secret waits
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
 * Checks a code of the confirmed secret, without using its step. It counts as wrong until its step is used, so that codes
 * that are checked at once cannot exceed the limit.
 *
 * @returns nothing for a wrong code, one that was used, an account without an app, and after 100 wrong codes
 */
export async function checkTotp(
  database: Database,
  key: Buffer,
  user: string,
  code: string
): Promise<TotpProof | undefined> {
  const [row] = await database.query<{ secret: Buffer; last_step: number | null; step: number }>(
    sql`UPDATE totp SET wrong_codes = wrong_codes + 1
     WHERE user_id = ${user} AND secret IS NOT NULL AND wrong_codes < ${MOST_WRONG_CODES}
     RETURNING secret, ${asNumber(sql`last_step`)} AS last_step, ${STEP} AS step`
  )
  if (!row) return undefined
  const { secret: sealed, step: present, last_step: lastStep } = row
  const step = matchingStep(code, { secret: openSecret(sealed, key, user), step: present, lastStep })
  return step === undefined ? undefined : { step, sealed }
}

/** Takes back that a code was counted: where the outcome was never known. */
export async function refundTotpCheck(database: Database, user: string): Promise<void> {
  await database.query(sql`UPDATE totp SET wrong_codes = wrong_codes - 1 WHERE user_id = ${user} AND wrong_codes > 0`)
}

/**
 * Uses the step of a code, in the transaction of what the code is for, and forgets the wrong codes. Of any number at
 * once, one does.
 *
 * @returns whether it did
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
 * Forgets the wrong codes: another factor was right, or an operator unlocks the account.
 *
 * @returns how many there were
 */
export async function forgetWrongCodes(database: Database, user: string): Promise<number> {
  const [forgotten] = await database.query<{ wrong_codes: number }>(
    sql`UPDATE totp SET wrong_codes = 0
     FROM (SELECT user_id, wrong_codes FROM totp WHERE user_id = ${user} AND wrong_codes > 0 FOR UPDATE) AS before
     WHERE totp.user_id = before.user_id
     RETURNING before.wrong_codes`
  )
  return forgotten?.wrong_codes ?? 0
}

/**
 * Removes the app of an account, and a secret that waits.
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
