import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'
import { voidLoginSteps } from '../factors/login-steps.ts'
import { makeRecoveryCodes } from '../factors/recovery-codes.ts'
import { dropRequirementIfNoFactor, type Factors, readFactors, requireSecondStep } from '../factors/state.ts'
import { addPendingTotp, confirmTotp, deleteTotp } from '../factors/totp-secrets.ts'
import type { SecurityEvent } from '../mail/letters/security-notice.ts'
import { enqueueNotice } from '../mail/mails.ts'
import { addProofToSession, endSessionsBelowAal2, withdrawProof } from '../sessions/authentication.ts'
import type { Lifetimes } from '../sessions/lifetimes.ts'
import { findSessionUser, type SessionOfUser } from '../sessions/sessions.ts'

/** The settings of changes of factors. */
export interface Enrolment {
  lifetimes: Lifetimes
  /** Whether the service sends mail. */
  mail: boolean
  /** The RP ID of the service; undefined if it has no passkeys. */
  rpId: string | undefined
  keys: {
    /** The key of TOTP secrets. */
    totp: Buffer
    /** The key of recovery codes. */
    recovery: Buffer
  }
}

/** The session that changes the factors of its account. */
export interface FactorChanger {
  session: SessionOfUser
  /** Whether the account required a second step when the access token was found fresh enough. */
  required: boolean
}

/** A transaction that has locked an account whose factors change. */
export interface FactorChange {
  transaction: Database
  session: SessionOfUser
}

/**
 * Runs work that changes the factors of the account of an active session, in a transaction that locks the account. If
 * the work throws, nothing changes.
 *
 * @returns the result of the work; undefined, without running it, if the account has required a second step only since
 * the access token was checked
 * @throws Problem TOKEN_INVALID if the session is not active
 */
export async function changeFactors<Result>(
  database: Database,
  lifetimes: Lifetimes,
  { session, required }: FactorChanger,
  work: (change: FactorChange) => Promise<Result>
): Promise<{ result: Result } | undefined> {
  return database.transact(async (transaction) => {
    const [owner] = await transaction.query<{ mfa_required: boolean }>(
      sql`SELECT mfa_required FROM users WHERE id = ${session.sub} FOR NO KEY UPDATE`
    )
    // After the lock: everything that ends all sessions of an account, or those below a level, locks it too.
    if (!owner || !(await findSessionUser(transaction, lifetimes, session))) throw new Problem('TOKEN_INVALID')
    if (owner.mfa_required && !required) return undefined
    return { result: await work({ transaction, session }) }
  })
}

/** Creates a pending secret for an authenticator app. */
export const beginTotp = ({ keys }: Enrolment, { transaction, session }: FactorChange): Promise<Buffer> =>
  addPendingTotp(transaction, keys.totp, session.sub)

/** The outcome of a change after which a second step may be required. */
export interface Requirement {
  /** Whether this change made it required. */
  becameRequired: boolean
  /** The number of ended sessions: the others below `aal2`. */
  ended: number
}

/**
 * Confirms the pending secret, requires a second step from now on, makes recovery codes, and raises the session to
 * `aal2`.
 *
 * @param code the first code of the secret
 * @throws Problem MFA_CODE_INVALID if the code is wrong or no secret is pending; TOKEN_INVALID if the session is not
 * active
 */
export async function finishTotp(
  enrolment: Enrolment,
  { transaction, session }: FactorChange,
  code: string
): Promise<{ codes: string[] } & Requirement> {
  const { keys, lifetimes, mail } = enrolment
  const user = session.sub
  const before = (await readFactors(transaction, user)) as Factors
  if (!(await confirmTotp(transaction, keys.totp, user, code))) throw new Problem('MFA_CODE_INVALID')
  const codes = await makeRecoveryCodes(transaction, keys.recovery, user)
  await voidLoginSteps(transaction, user)
  const requirement = await require(enrolment, { transaction, session })
  if (!(await addProofToSession(transaction, lifetimes, session, 'totp'))) throw new Problem('TOKEN_INVALID')
  const changed = before.totp ? 'app replaced' : 'app added'
  await notify(transaction, mail, user, requirement.becameRequired ? 'second step on' : changed)
  return { codes, ...requirement }
}

/**
 * Removes the authenticator app. With the last factor, the requirement of a second step and the recovery codes are
 * removed.
 *
 * @returns whether the requirement was removed
 * @throws Problem NOT_FOUND if there is no app
 */
export async function removeTotp({ mail }: Enrolment, { transaction, session }: FactorChange): Promise<boolean> {
  const user = session.sub
  if (!(await deleteTotp(transaction, user))) throw new Problem('NOT_FOUND')
  const dropped = await dropRequirementIfNoFactor(transaction, user)
  await voidLoginSteps(transaction, user)
  await withdrawProof(transaction, user, 'totp')
  await notify(transaction, mail, user, dropped ? 'second step off' : 'app removed')
  return dropped
}

/**
 * Replaces the recovery codes.
 *
 * @returns the new codes
 * @throws Problem FORBIDDEN if the account has no factor that they could replace
 */
export async function renewRecoveryCodes(
  { keys, rpId }: Enrolment,
  { transaction, session }: FactorChange
): Promise<string[]> {
  await requireFactor(transaction, session.sub, rpId)
  const codes = await makeRecoveryCodes(transaction, keys.recovery, session.sub)
  await voidLoginSteps(transaction, session.sub)
  return codes
}

/** The outcome of a change of the requirement: the factors afterwards. */
export interface RequirementChange extends Requirement {
  factors: Factors
  /** New recovery codes, if a second step is required and none were left. */
  codes: string[] | undefined
  /** Whether this change removed the requirement. */
  dropped: boolean
}

/**
 * Sets whether an account requires a second step.
 *
 * @throws Problem FORBIDDEN if it is to be required and the account has no factor
 */
export async function changeRequirement(
  enrolment: Enrolment,
  { transaction, session }: FactorChange,
  required: boolean
): Promise<RequirementChange> {
  const { keys, mail, rpId } = enrolment
  const user = session.sub
  if (!required) {
    const dropped = await requireSecondStep(transaction, user, false)
    await voidLoginSteps(transaction, user)
    if (dropped) await notify(transaction, mail, user, 'second step off')
    const factors = (await readFactors(transaction, user)) as Factors
    return { factors, codes: undefined, dropped, becameRequired: false, ended: 0 }
  }
  const { recovery_codes: left } = await requireFactor(transaction, user, rpId)
  const codes = left === 0 ? await makeRecoveryCodes(transaction, keys.recovery, user) : undefined
  await voidLoginSteps(transaction, user)
  const requirement = await require(enrolment, { transaction, session })
  if (requirement.becameRequired) await notify(transaction, mail, user, 'second step on')
  const factors = (await readFactors(transaction, user)) as Factors
  return { factors, codes, dropped: false, ...requirement }
}

/** Requires a second step, and ends the other sessions below `aal2`. */
async function require({ lifetimes, rpId }: Enrolment, { transaction, session }: FactorChange): Promise<Requirement> {
  const becameRequired = await requireSecondStep(transaction, session.sub, true, rpId)
  const ended = becameRequired ? await endSessionsBelowAal2(transaction, lifetimes, session) : 0
  return { becameRequired, ended }
}

async function requireFactor(transaction: Database, user: string, rpId: string | undefined): Promise<Factors> {
  const factors = (await readFactors(transaction, user, rpId)) as Factors
  if (factors.required || factors.totp !== null || factors.usable_passkeys > 0) return factors
  throw new Problem('FORBIDDEN', { message: 'The account has no authenticator app and no passkey that works here.' })
}

async function notify(
  transaction: Database,
  mail: boolean,
  user: string,
  what: Exclude<SecurityEvent, 'recovery code used'>
): Promise<void> {
  if (mail) await enqueueNotice(transaction, user, { what })
}
