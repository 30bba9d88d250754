import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import { voidLoginSteps } from '../factors/login-steps.ts'
import { deleteAllPasskeys } from '../factors/passkeys.ts'
import { deleteRecoveryCodes } from '../factors/recovery-codes.ts'
import { requireSecondStep } from '../factors/state.ts'
import { deleteTotp } from '../factors/totp-secrets.ts'
import { accountCodesKeys, accountKeys } from '../limits/counter-keys.ts'
import { resetGuesses } from '../limits/guesses.ts'
import { enqueueMail } from '../mail/mails.ts'
import { deleteAllIdentities } from '../providers/identities.ts'
import type { Lifetimes } from '../sessions/lifetimes.ts'
import { endAllSessions } from '../sessions/sessions.ts'
import { type Credentials, replacePasswordHash } from '../users/credentials.ts'
import { voidUndoLinks } from './email-change.ts'

/** What a claim took away. */
export interface Claimed {
  /** The number of ended sessions. */
  ended: number
}

/**
 * Gives an account to the owner of its address, which nobody had verified: whoever registered it may have waited for the
 * owner (pre-hijacking). The password, the second factors, the passkeys, the identities, the sessions, the roles, and the
 * links of all mails are void. The caller has locked the account.
 *
 * @param provider the label of the provider that vouches for the address
 */
export async function claimAccount(
  transaction: Database,
  { lifetimes, limitSecret, mail }: { lifetimes: Lifetimes; limitSecret: Buffer; mail: boolean },
  { id, username, email }: Credentials,
  provider: string
): Promise<Claimed> {
  await replacePasswordHash(transaction, id, null)
  await deleteTotp(transaction, id)
  await deleteRecoveryCodes(transaction, id)
  await deleteAllPasskeys(transaction, id)
  await requireSecondStep(transaction, id, false)
  await voidLoginSteps(transaction, id)
  await deleteAllIdentities(transaction, id)
  await verifyAnew(transaction, id)
  await voidUndoLinks(transaction, id, String(email))
  const ended = await endAllSessions(transaction, lifetimes, id, 'account claimed')
  const keys = [...accountKeys(limitSecret, { id, username, email }), ...accountCodesKeys(limitSecret, id)]
  await resetGuesses(transaction, keys)
  if (mail) {
    const letter = { kind: 'account claimed', recipient: String(email), userId: id, data: { provider } } as const
    await enqueueMail(transaction, letter)
  }
  return { ended }
}

/**
 * Marks the address as verified, and voids the links of mails that were sent before: among them changes of the address.
 * Roles were given to whoever registered the account.
 */
async function verifyAnew(transaction: Database, user: string): Promise<void> {
  await transaction.query(
    sql`UPDATE users SET email_verified = true, email_version = email_version + 1, roles = '{}' WHERE id = ${user}`
  )
}
