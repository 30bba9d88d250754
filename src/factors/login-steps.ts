import { createHash, randomBytes } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { CLOCK, NOW, sql } from '../database/sql.ts'
import type { Credentials } from '../users/credentials.ts'

/** How long a token is good for, in seconds, and for how many tries. */
export const LOGIN_STEP_SECONDS = 300
export const LOGIN_STEP_TRIES = 5

const TOKEN_BYTES = 32

/** A sign-in whose password was right, and which waits for its second step. */
export interface LoginStep {
  /** What is stored of the token: the purpose of a challenge names it. */
  hash: Buffer
  account: StepAccount
  /** Whether the session is to be kept in a cookie. */
  inCookie: boolean
}

/** The account of a login step, at the time of a try. */
export type StepAccount = Pick<
  Credentials,
  'id' | 'username' | 'email' | 'email_verified' | 'password_version' | 'device_version'
>

/** What the second step of a sign-in follows. */
export interface FirstStep extends Pick<Credentials, 'id' | 'password_version'> {
  inCookie: boolean
}

/**
 * Begins the second step of a sign-in.
 *
 * @returns the token, which is stored nowhere; nothing where the password has changed, or the account was disabled, has
 * gone or no longer requires a second step, since the password was checked
 */
export async function beginLoginStep(
  database: Database,
  { id, password_version, inCookie }: FirstStep
): Promise<{ token: string; hash: Buffer } | undefined> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  const hash = hashOf(token)
  // The user is locked, so that what voids the steps of an account either sees this one or is seen here.
  const begun = await database.query(
    sql`WITH owner AS (
       SELECT id FROM users
       WHERE id = ${id} AND password_version = ${password_version} AND disabled_at IS NULL AND mfa_required
       FOR SHARE
     )
     INSERT INTO login_steps (hash, user_id, password_version, in_cookie, created_at, expires_at)
     SELECT ${hash}, owner.id, ${password_version}, ${inCookie}, moment, moment + make_interval(secs => ${LOGIN_STEP_SECONDS})
     FROM owner, ${CLOCK}
     RETURNING 1`
  )
  return begun.length === 0 ? undefined : { token, hash }
}

/** Of `users` and `login_steps AS step`: what a step needs, so that it can still succeed. */
const GOOD = sql`used_at IS NULL AND expires_at > ${NOW} AND users.id = step.user_id
  AND users.password_version = step.password_version AND disabled_at IS NULL`

const ACCOUNT = sql`users.id, username, email, email_verified, users.password_version, device_version`

/**
 * Counts a try, before anything is checked.
 *
 * @returns the step; nothing for a token that is unknown, used, expired, tried too often or void
 */
export async function tryLoginStep(database: Database, token: string): Promise<LoginStep | undefined> {
  const hash = hashOf(token)
  const [row] = await database.query<StepAccount & { in_cookie: boolean }>(
    sql`UPDATE login_steps AS step SET attempts = attempts + 1
     FROM users
     WHERE hash = ${hash} AND attempts < ${LOGIN_STEP_TRIES} AND ${GOOD}
     RETURNING ${ACCOUNT}, in_cookie`
  )
  if (!row) return undefined
  const { in_cookie: inCookie, ...account } = row
  return { hash, account, inCookie }
}

/** Takes a try back: where its outcome was never known. */
export async function refundLoginStep(database: Database, { hash }: Pick<LoginStep, 'hash'>): Promise<void> {
  await database.query(sql`UPDATE login_steps SET attempts = attempts - 1 WHERE hash = ${hash} AND attempts > 0`)
}

/**
 * Uses a step that was tried, in the transaction that opens the session. The account is locked first, as by all that
 * changes one; of any number at once, one does.
 *
 * @returns whether it did
 */
export async function useLoginStep(
  transaction: Database,
  { hash, account: { id } }: Pick<LoginStep, 'hash'> & { account: { id: string } }
): Promise<boolean> {
  const used = await transaction.query(
    sql`WITH users AS (
       SELECT id, password_version, disabled_at FROM users WHERE id = ${id} FOR NO KEY UPDATE
     )
     UPDATE login_steps AS step SET used_at = ${NOW} FROM users WHERE hash = ${hash} AND ${GOOD} RETURNING 1`
  )
  return used.length > 0
}

/**
 * Voids the steps of an account: its factors have changed. The account is locked by the caller. They expire when they were
 * made: the time of a transaction is that of its start, which may precede the change that it has waited for.
 */
export async function voidLoginSteps(transaction: Database, user: string): Promise<void> {
  await transaction.query(
    sql`UPDATE login_steps SET expires_at = created_at WHERE user_id = ${user} AND used_at IS NULL`
  )
}

/** What an account is shown of a step. */
export interface LoginStepRecord {
  created_at: Date
  expires_at: Date
  used_at: Date | null
  attempts: number
}

/** The steps of an account that are stored, without their hashes, the oldest first. */
export async function listLoginSteps(database: Database, user: string): Promise<LoginStepRecord[]> {
  return database.query<LoginStepRecord & Record<string, unknown>>(
    sql`SELECT created_at, expires_at, used_at, attempts FROM login_steps WHERE user_id = ${user} ORDER BY created_at, hash`
  )
}

const hashOf = (token: string) => createHash('sha256').update(token).digest()
