import { type Done, lockTarget, type Target } from '../../admin/targets.ts'
import type { Database } from '../../database/database.ts'
import { Problem } from '../../errors.ts'
import type { LetterKind } from '../../mail/letters.ts'
import { enqueueMail, type NewMail } from '../../mail/mails.ts'
import type { OPERATOR_MAILS } from '../../schemas/admin/users.ts'
import type { OperatorContext } from './account-acts.ts'

type OperatorMail = (typeof OPERATOR_MAILS)[number]

const LETTERS: Record<OperatorMail, LetterKind> = {
  invitation: 'invitation',
  verify_email: 'verify email',
  reset_password: 'reset password'
}

/**
 * Sends a mail to the address of an account. Earlier links of its kind become void.
 *
 * @param count counts the mail in the same transaction
 * @throws Problem NOT_FOUND, ROLE_PROTECTED, TOO_MANY_REQUESTS; VALIDATION_FAILED if the mail would be pointless
 */
export async function sendMailTo(
  transaction: Database,
  { operator }: Pick<OperatorContext, 'operator'>,
  id: string,
  kind: OperatorMail,
  count: (transaction: Database, mail: NewMail) => Promise<void>
): Promise<Done> {
  const target = await lockTarget(transaction, operator, id)
  const message = objectionTo(kind, target)
  if (message !== undefined) throw new Problem('VALIDATION_FAILED', { errors: [{ path: '/kind', message }] })
  const mail = mailTo(target, kind)
  await count(transaction, mail)
  await enqueueMail(transaction, mail)
  return {
    result: undefined,
    acts: [{ action: 'mail sent by an operator', account: id, detail: { reason: LETTERS[kind] } }]
  }
}

/**
 * A mail to the address of an account. An invitation is void once the account has another version of its password, even
 * if it has not been sent by then.
 */
export function mailTo(
  { id, email, password_version }: Pick<Target, 'id' | 'email' | 'password_version'>,
  kind: OperatorMail
): NewMail {
  const mail = { kind: LETTERS[kind], recipient: String(email), userId: id }
  return kind === 'invitation' ? { ...mail, data: { password_version: String(password_version) } } : mail
}

/** Why a mail would be pointless. */
function objectionTo(kind: OperatorMail, target: Target): string | undefined {
  if (target.email === null) return 'the account has no email address'
  if (target.disabled_at !== null) return 'the account is disabled'
  if (kind === 'invitation' && target.has_password) return 'the account has a password'
  if (kind === 'verify_email' && target.email_verified) return 'the email address is verified'
  return undefined
}
