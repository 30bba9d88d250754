import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import type { Proof } from '../errors.ts'
import { MOST_WRONG_CODES } from './totp-secrets.ts'

/** The second factors of an account. */
export interface Factors {
  /** Whether a password alone does not sign in. */
  required: boolean
  totp: {
    created_at: Date
    /** Too many wrong codes in a row: refused until another factor was right or an operator unlocks the account. */
    blocked: boolean
  } | null
  /** How many there are, and how many codes are left. */
  passkeys: number
  recovery_codes: number
}

/** The factors of an account; nothing where it has gone. */
export async function readFactors(database: Database, user: string): Promise<Factors | undefined> {
  const [row] = await database.query<Omit<Factors, 'totp'> & { confirmed_at: Date | null; blocked: boolean }>(
    sql`SELECT mfa_required AS required, confirmed_at, wrong_codes >= ${MOST_WRONG_CODES} AS blocked,
       (SELECT count(*)::int FROM passkeys WHERE user_id = ${user}) AS passkeys,
       (SELECT count(*)::int FROM recovery_codes WHERE user_id = ${user} AND used_at IS NULL) AS recovery_codes
     FROM users LEFT JOIN totp ON totp.user_id = users.id
     WHERE users.id = ${user}`
  )
  if (!row) return undefined
  const { required, confirmed_at, blocked, passkeys, recovery_codes } = row
  return { required, totp: confirmed_at && { created_at: confirmed_at, blocked }, passkeys, recovery_codes }
}

/** What a challenge offers. */
interface Offer {
  /** Whether the service can have passkeys at all. */
  passkeys: boolean
  /** Whether a password would do: at a step-up where no second step is required. */
  password?: boolean
}

/** What an account can prove with at a second step or a step-up, in the order of the contract. */
export function usableFactors(factors: Factors, { passkeys, password = false }: Offer): Proof[] {
  const usable: [Proof, boolean][] = [
    ['totp', factors.totp !== null && !factors.totp.blocked],
    ['recovery_code', factors.recovery_codes > 0],
    ['passkey', passkeys && factors.passkeys > 0],
    ['password', password && !factors.required]
  ]
  return usable.filter(([, isUsable]) => isUsable).map(([factor]) => factor)
}

/**
 * Requires a second step of an account from now on, or no longer. The account is locked by the caller.
 *
 * @returns whether that has changed it; not where the account has no factor to require
 */
export async function requireSecondStep(transaction: Database, user: string, required: boolean): Promise<boolean> {
  const changed = await transaction.query(
    sql`UPDATE users SET mfa_required = ${required}
     WHERE id = ${user} AND mfa_required <> ${required} AND (NOT ${required} OR ${HAS_FACTOR})
     RETURNING 1`
  )
  return changed.length > 0
}

const HAS_FACTOR = sql`(
  EXISTS (SELECT FROM totp WHERE totp.user_id = users.id AND secret IS NOT NULL)
  OR EXISTS (SELECT FROM passkeys WHERE passkeys.user_id = users.id)
)`

/**
 * Takes the requirement and the recovery codes away where the last factor has gone. The account is locked by the caller.
 *
 * @returns whether the requirement went
 */
export async function settleFactors(transaction: Database, user: string): Promise<boolean> {
  const [settled] = await transaction.query<{ dropped: boolean }>(
    sql`WITH bare AS (
       SELECT id, mfa_required FROM users WHERE id = ${user} AND NOT ${HAS_FACTOR}
     ), dropped AS (
       UPDATE users SET mfa_required = false FROM bare WHERE users.id = bare.id AND bare.mfa_required RETURNING 1
     ), voided AS (
       DELETE FROM recovery_codes USING bare WHERE user_id = bare.id
     )
     SELECT EXISTS (SELECT FROM dropped) AS dropped`
  )
  return (settled as { dropped: boolean }).dropped
}

/** What has been added since a time was taken away. */
export interface TakenAway {
  totp: boolean
  passkeys: number
}

/**
 * Deletes what was added to sign in with since a moment, as an attacker may have done: a new app, passkeys, recovery codes.
 * The account is locked by the caller, who settles the factors afterwards.
 */
export async function deleteFactorsSince(transaction: Database, user: string, since: Date): Promise<TakenAway> {
  const [taken] = await transaction.query<TakenAway & Record<string, unknown>>(
    sql`WITH apps AS (
       DELETE FROM totp
       WHERE user_id = ${user} AND (confirmed_at >= ${since}::timestamptz OR secret IS NULL)
       RETURNING secret
     ), waiting AS (
       UPDATE totp SET pending = NULL, pending_until = NULL
       WHERE user_id = ${user} AND confirmed_at < ${since}::timestamptz
     ), keys AS (
       DELETE FROM passkeys WHERE user_id = ${user} AND created_at >= ${since}::timestamptz RETURNING 1
     ), codes AS (
       DELETE FROM recovery_codes WHERE user_id = ${user} AND made_at >= ${since}::timestamptz
     )
     SELECT EXISTS (SELECT FROM apps WHERE secret IS NOT NULL) AS totp, (SELECT count(*)::int FROM keys) AS passkeys`
  )
  return taken as TakenAway
}
