import type { Database } from '../database/database.ts'
import { voidLoginSteps } from '../factors/login-steps.ts'
import { deleteAllPasskeys } from '../factors/passkeys.ts'
import { deleteRecoveryCodes } from '../factors/recovery-codes.ts'
import { type Factors, readFactors, requireSecondStep } from '../factors/state.ts'
import { deleteTotp } from '../factors/totp-secrets.ts'
import { accountCodesKeys } from '../limits/counter-keys.ts'
import { resetGuesses } from '../limits/guesses.ts'
import { enqueueNotice } from '../mail/mails.ts'
import type { Lifetimes } from '../sessions/lifetimes.ts'
import { endAllSessions } from '../sessions/sessions.ts'
import { findAccountRow, type SessionsEnded, toAccount } from './accounts.ts'

/** A reset of the second factors of an account. */
export interface FactorReset {
  /** Whether the passkeys are deleted too. */
  passkeys: boolean
  /** Whether the service sends mail. */
  mail: boolean
}

/**
 * Removes the authenticator app, the recovery codes and the requirement of a second step from an account, ends its
 * sessions and pending sign-ins, resets the counters of wrong codes, and notifies its verified address.
 *
 * @param secret key of the limit counters
 * @returns the factors before
 */
export async function resetFactors(
  database: Database,
  lifetimes: Lifetimes,
  secret: Buffer,
  user: string,
  { passkeys, mail }: FactorReset
): Promise<SessionsEnded & { before: Factors }> {
  return database.transact(async (transaction) => {
    const row = await findAccountRow(transaction, user, 'FOR NO KEY UPDATE')
    const before = (await readFactors(transaction, row.id)) as Factors
    await deleteTotp(transaction, row.id)
    await deleteRecoveryCodes(transaction, row.id)
    if (passkeys) await deleteAllPasskeys(transaction, row.id)
    await requireSecondStep(transaction, row.id, false)
    await voidLoginSteps(transaction, row.id)
    const ended = await endAllSessions(transaction, lifetimes, row.id, 'factors reset')
    await resetGuesses(transaction, accountCodesKeys(secret, row.id))
    if (mail) await enqueueNotice(transaction, row.id, { what: 'factors reset' })
    return { account: toAccount(row), before, ended }
  })
}
