import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import { Problem } from '../errors.ts'
import type { VerifiedRegistration } from '../factors/ceremonies.ts'
import { type Challenge, spendChallenge } from '../factors/challenges.ts'
import { voidLoginSteps } from '../factors/login-steps.ts'
import { addPasskey, deletePasskey, MAX_PASSKEYS, type Passkey } from '../factors/passkeys.ts'
import { dropRequirementIfNoFactor } from '../factors/state.ts'
import { enqueueNotice } from '../mail/mails.ts'
import { withdrawProof } from '../sessions/authentication.ts'
import type { FactorChange } from './factor-enrolment.ts'
import { requireCredential } from './last-credential.ts'

/**
 * Adds a verified passkey to an account, and spends its challenge.
 *
 * @param mail whether the service sends mail
 * @param name by default, the name of the authenticator's model
 * @throws Problem FORBIDDEN if the account has the maximum; PASSKEY_REJECTED if the passkey is already registered or
 * its challenge was used
 */
export async function registerPasskey(
  mail: boolean,
  { transaction, session }: FactorChange,
  { passkey, challenge }: VerifiedRegistration,
  name?: string
): Promise<Passkey> {
  if (!(await spendChallenge(transaction, challenge))) throw new Problem('PASSKEY_REJECTED')
  const added = await addPasskey(transaction, session.sub, passkey, name)
  if (added === 'too many') {
    throw new Problem('FORBIDDEN', { message: `An account has at most ${MAX_PASSKEYS} passkeys.` })
  }
  if (added === 'known') throw new Problem('PASSKEY_REJECTED')
  await voidLoginSteps(transaction, session.sub)
  if (mail) await enqueueNotice(transaction, session.sub, { what: 'passkey added' })
  return added
}

/** The settings of the removal of a passkey. */
export interface PasskeyRemoval {
  /** Whether the service sends mail. */
  mail: boolean
  /** The RP ID of the service. */
  rpId: string
}

/**
 * Deletes a passkey. With the last factor, the requirement of a second step and the recovery codes are removed.
 *
 * @returns whether the requirement was removed
 * @throws Problem NOT_FOUND if the account has none with that id; LAST_CREDENTIAL if no way to sign in would be left
 */
export async function removePasskey(
  { mail, rpId }: PasskeyRemoval,
  { transaction, session }: FactorChange,
  id: string
): Promise<boolean> {
  const user = session.sub
  if (!(await deletePasskey(transaction, user, id))) throw new Problem('NOT_FOUND')
  await requireCredential(transaction, user, rpId)
  const dropped = await dropRequirementIfNoFactor(transaction, user)
  await voidLoginSteps(transaction, user)
  await withdrawProof(transaction, user, 'passkey')
  if (mail) await enqueueNotice(transaction, user, { what: dropped ? 'second step off' : 'passkey deleted' })
  return dropped
}

/**
 * Notifies the owner of a passkey whose counter did not increase. Spends the challenge of the answer, so that each
 * answer is reported once.
 *
 * @param mail whether the service sends mail
 * @returns false if the answer was already reported
 */
export async function reportCloned(
  database: Database,
  mail: boolean,
  { user, challenge }: { user: string; challenge: Challenge }
): Promise<boolean> {
  return database.transact(async (transaction) => {
    // Locks the account first, as all other transactions do.
    await transaction.query(sql`SELECT FROM users WHERE id = ${user} FOR KEY SHARE`)
    if (!(await spendChallenge(transaction, challenge))) return false
    if (mail) await enqueueNotice(transaction, user, { what: 'passkey cloned' })
    return true
  })
}
