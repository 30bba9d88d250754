import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import type { Proof } from '../errors.ts'
import type { Mfa } from '../schemas/mfa.ts'
import { PASSWORD_HASH } from '../users/credentials.ts'
import { MAX_WRONG_CODES } from './totp-secrets.ts'

/** The second factors of an account. */
export interface Factors {
  /** Whether a sign-in with a password requires a second step. */
  required: boolean
  totp: {
    created_at: Date
    /**
     * Whether codes are refused after too many wrong ones, until another factor succeeds or an operator unlocks the
     * account.
     */
    blocked: boolean
  } | null
  /** The number of passkeys. */
  passkeys: number
  /** The number of passkeys of the present RP ID. Browsers do not use others here. */
  usable_passkeys: number
  /** The number of unused codes. */
  recovery_codes: number
  /** Whether the account has a password. */
  password: boolean
}

/**
 * Reads the factors of an account.
 *
 * @param rpId the RP ID of the service; undefined if it has no passkeys
 * @returns undefined if the account does not exist
 */
export async function readFactors(database: Database, user: string, rpId?: string): Promise<Factors | undefined> {
  const [row] = await database.query<Omit<Factors, 'totp'> & { confirmed_at: Date | null; blocked: boolean }>(
    sql`SELECT mfa_required AS required, confirmed_at, wrong_codes >= ${MAX_WRONG_CODES} AS blocked,
       (SELECT count(*)::int FROM passkeys WHERE user_id = ${user}) AS passkeys,
       (SELECT count(*)::int FROM passkeys WHERE user_id = ${user} AND rp_id = ${rpId ?? null}) AS usable_passkeys,
       (SELECT count(*)::int FROM recovery_codes WHERE user_id = ${user} AND used_at IS NULL) AS recovery_codes,
       ${PASSWORD_HASH} IS NOT NULL AS password
     FROM users LEFT JOIN totp ON totp.user_id = users.id
     WHERE users.id = ${user}`
  )
  if (!row) return undefined
  const { confirmed_at, blocked, ...factors } = row
  return { ...factors, totp: confirmed_at && { created_at: confirmed_at, blocked } }
}

/** The factors as the API shows them. */
export const toMfa = ({ required, totp, passkeys, recovery_codes }: Factors): Mfa => ({
  required,
  totp: totp && { created_at: totp.created_at.toISOString() },
  passkeys,
  recovery_codes
})

/** The proofs that a challenge may offer. */
interface Offer {
  /** Whether to offer the password if the account requires no second step: at a step-up. */
  password?: boolean
}

/**
 * Returns the factors that an account can use at a second step or a step-up, in the order in which clients offer them.
 */
export function usableFactors(factors: Factors, { password = false }: Offer): Proof[] {
  const usable: [Proof, boolean][] = [
    ['totp', factors.totp !== null && !factors.totp.blocked],
    ['recovery_code', factors.recovery_codes > 0],
    ['passkey', factors.usable_passkeys > 0],
    ['password', password && factors.password && !factors.required]
  ]
  return usable.filter(([, isUsable]) => isUsable).map(([factor]) => factor)
}

/**
 * Sets whether an account requires a second step. The caller has locked the account.
 *
 * @param rpId the RP ID of the service: passkeys of another one are no factor that could be required
 * @returns whether the setting changed; false also if it is to be required and the account has no factor
 */
export async function requireSecondStep(
  transaction: Database,
  user: string,
  required: boolean,
  rpId?: string
): Promise<boolean> {
  const hasFactor = sql`(${HAS_APP} OR EXISTS (${PASSKEYS} AND rp_id = ${rpId ?? null}))`
  const changed = await transaction.query(
    sql`UPDATE users SET mfa_required = ${required}
     WHERE id = ${user} AND mfa_required <> ${required} AND (NOT ${required} OR ${hasFactor})
     RETURNING 1`
  )
  return changed.length > 0
}

const HAS_APP = sql`EXISTS (SELECT FROM totp WHERE totp.user_id = users.id AND secret IS NOT NULL)`
const PASSKEYS = sql`SELECT FROM passkeys WHERE passkeys.user_id = users.id`

/**
 * Removes the requirement of a second step, and the recovery codes, if the account has no app and no passkey left, of
 * whichever RP ID. The caller has locked the account.
 *
 * @returns whether the requirement was removed
 */
export async function dropRequirementIfNoFactor(transaction: Database, user: string): Promise<boolean> {
  const [row] = await transaction.query<{ dropped: boolean }>(
    sql`WITH bare AS (
       SELECT id, mfa_required FROM users WHERE id = ${user} AND NOT (${HAS_APP} OR EXISTS (${PASSKEYS}))
     ), dropped AS (
       UPDATE users SET mfa_required = false FROM bare WHERE users.id = bare.id AND bare.mfa_required RETURNING 1
     ), voided AS (
       DELETE FROM recovery_codes USING bare WHERE user_id = bare.id
     )
     SELECT EXISTS (SELECT FROM dropped) AS dropped`
  )
  return (row as { dropped: boolean }).dropped
}

/** The factors that `deleteFactorsSince` has deleted. */
export interface DeletedFactors {
  /** Whether the authenticator app was one of them. */
  totp: boolean
  /** The number of passkeys. */
  passkeys: number
}

/**
 * Deletes the app, passkeys and recovery codes that were added since a time, when an attacker may have had the account.
 * The caller has locked the account, and calls `dropRequirementIfNoFactor` afterwards.
 */
export async function deleteFactorsSince(transaction: Database, user: string, since: Date): Promise<DeletedFactors> {
  const [deleted] = await transaction.query<DeletedFactors & Record<string, unknown>>(
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
  return deleted as DeletedFactors
}
