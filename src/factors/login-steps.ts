import { createHash, randomBytes } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { CLOCK, NOW, sql } from '../database/sql.ts'
import type { Credentials } from '../users/credentials.ts'

/** The lifetime of a token, in seconds. */
export const LOGIN_STEP_SECONDS = 300

/** The maximum number of attempts with a token. */
export const LOGIN_STEP_TRIES = 5

const TOKEN_BYTES = 32

/** A sign-in whose first step succeeded, that awaits its second step. */
export interface LoginStep {
  /** SHA-256 of the token, which is stored instead of it, and is part of the purpose of a challenge. */
  hash: Buffer
  account: StepAccount
  /** Whether the client wants the refresh token in a cookie. */
  inCookie: boolean
  /** What the first step proved (RFC 8176). */
  amr: string[]
}

/** The account of a login step, as read at an attempt. */
export type StepAccount = Pick<
  Credentials,
  'id' | 'username' | 'email' | 'email_verified' | 'password_version' | 'device_version'
>

/** The result of the first step: the account, and the version of the verified password. */
export interface FirstStep extends Pick<Credentials, 'id' | 'password_version'> {
  /** Whether the client wants the refresh token in a cookie. */
  inCookie: boolean
  /** What was proven (RFC 8176): a password, unless stated. */
  amr?: readonly string[]
}

/**
 * Begins the second step of a sign-in.
 *
 * @returns the token, of which only the hash is stored; undefined if, since the password was verified, it was changed,
 * or the account was disabled or deleted or no longer requires a second step
 */
export async function beginLoginStep(
  database: Database,
  { id, password_version, inCookie, amr = ['pwd'] }: FirstStep
): Promise<{ token: string; hash: Buffer } | undefined> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  const hash = hashOf(token)
  // Locks the user: a concurrent change that voids the steps of the account either sees this step, or is seen here.
  const begun = await database.query(
    sql`WITH owner AS (
       SELECT id FROM users
       WHERE id = ${id} AND password_version = ${password_version} AND disabled_at IS NULL AND mfa_required
       FOR SHARE
     )
     INSERT INTO login_steps (hash, user_id, password_version, in_cookie, amr, created_at, expires_at)
     SELECT ${hash}, owner.id, ${password_version}, ${inCookie}, ${amr}, moment,
       moment + make_interval(secs => ${LOGIN_STEP_SECONDS})
     FROM owner, ${CLOCK}
     RETURNING 1`
  )
  return begun.length === 0 ? undefined : { token, hash }
}

/** The condition under which a step can still succeed, on `users` and `login_steps AS step`. */
const USABLE = sql`used_at IS NULL AND expires_at > ${NOW} AND users.id = step.user_id
  AND users.password_version = step.password_version AND disabled_at IS NULL`

const ACCOUNT = sql`users.id, username, email, email_verified, users.password_version, device_version`

/**
 * Counts an attempt and finds the step of a token. Call it before the answer is checked.
 *
 * @returns undefined if the token is unknown, used, expired or void, or has had too many attempts
 */
export async function tryLoginStep(database: Database, token: string): Promise<LoginStep | undefined> {
  const hash = hashOf(token)
  const [row] = await database.query<StepAccount & { in_cookie: boolean; amr: string[] }>(
    sql`UPDATE login_steps AS step SET attempts = attempts + 1
     FROM users
     WHERE hash = ${hash} AND attempts < ${LOGIN_STEP_TRIES} AND ${USABLE}
     RETURNING ${ACCOUNT}, in_cookie, amr`
  )
  if (!row) return undefined
  const { in_cookie: inCookie, amr, ...account } = row
  return { hash, account, inCookie, amr }
}

/** Finds the step of a token without counting an attempt, to show it again. */
export async function findLoginStep(
  database: Database,
  token: string
): Promise<{ hash: Buffer; account: { id: string } } | undefined> {
  const hash = hashOf(token)
  const [account] = await database.query<{ id: string }>(
    sql`SELECT users.id FROM login_steps AS step, users WHERE hash = ${hash} AND ${USABLE}`
  )
  return account && { hash, account }
}

/** Refunds an attempt whose outcome is unknown. */
export async function refundLoginStep(database: Database, { hash }: Pick<LoginStep, 'hash'>): Promise<void> {
  await database.query(sql`UPDATE login_steps SET attempts = attempts - 1 WHERE hash = ${hash} AND attempts > 0`)
}

/**
 * Marks a step as used, in the transaction that opens the session. Locks the account first, as all changes of an
 * account do. Of concurrent uses, one succeeds.
 *
 * @returns false if the step was used or has become void since the attempt was counted
 */
export async function useLoginStep(
  transaction: Database,
  { hash, account: { id } }: Pick<LoginStep, 'hash'> & { account: { id: string } }
): Promise<boolean> {
  const used = await transaction.query(
    sql`WITH users AS (
       SELECT id, password_version, disabled_at FROM users WHERE id = ${id} FOR NO KEY UPDATE
     )
     UPDATE login_steps AS step SET used_at = ${NOW} FROM users WHERE hash = ${hash} AND ${USABLE} RETURNING 1`
  )
  return used.length > 0
}

/**
 * Voids the pending steps of an account whose factors change. The caller has locked the account. They expire at their
 * creation, because the time of a waiting transaction is that of its start, which may precede the change.
 */
export async function voidLoginSteps(transaction: Database, user: string): Promise<void> {
  await transaction.query(
    sql`UPDATE login_steps SET expires_at = created_at WHERE user_id = ${user} AND used_at IS NULL`
  )
}

/** A login step in the export of an account. */
export interface LoginStepRecord {
  created_at: Date
  expires_at: Date
  used_at: Date | null
  attempts: number
}

/** Lists the stored steps of an account without their hashes, the oldest first. */
export async function listLoginSteps(database: Database, user: string): Promise<LoginStepRecord[]> {
  return database.query<LoginStepRecord & Record<string, unknown>>(
    sql`SELECT created_at, expires_at, used_at, attempts FROM login_steps WHERE user_id = ${user} ORDER BY created_at, hash`
  )
}

const hashOf = (token: string) => createHash('sha256').update(token).digest()
