import { type Account, findAccountRow, toAccount } from '../admin/accounts.ts'
import type { Database } from '../database/database.ts'
import { enqueueMail } from '../mail/mails.ts'
import { foldName } from '../users/names.ts'
import { nameTaken, replaceEmail } from '../users/users.ts'
import { isAddressReserved, recordReplacedEmail, voidUndoLinks } from './email-change.ts'

/** A new email address for an account. */
export interface NewEmail {
  email: string
  /** Whether the address is verified. If not, a mail asks the owner to verify it. */
  verified: boolean
  /** Whether the service sends mail. */
  mail: boolean
  /** Whether to mail a link that undoes the change to the previous address, if that was verified. */
  undoLink: boolean
}

/**
 * Sets the email address of an account, for an operator, for example after the account was stolen. Links in earlier
 * mails become void. Without `undoLink` the previous address, which may be the attacker's, gets no link, and links that
 * undo earlier changes become void too.
 *
 * @throws Problem ACCOUNT_EXISTS if another account has the address or may restore it
 */
export async function setEmail(
  database: Database,
  user: string,
  { email, verified, mail, undoLink }: NewEmail
): Promise<{ account: Account; before: Account }> {
  return database.transact(async (transaction) => {
    const row = await findAccountRow(transaction, user, 'FOR NO KEY UPDATE')
    if (await isAddressReserved(transaction, email, row.id)) throw nameTaken('/email')
    const wasVerified = row.email_verified && foldName(String(row.email)) === foldName(email)
    const email_verified = verified || wasVerified
    const replaced = await replaceEmail(transaction, row.id, email, { verified: email_verified, path: '/email' })
    if (undoLink) await recordReplacedEmail(transaction, row.id, email, replaced)
    else await voidUndoLinks(transaction, row.id, email)
    if (mail && !email_verified) {
      await enqueueMail(transaction, { kind: 'verify email', recipient: email, userId: row.id })
    }
    return { account: toAccount({ ...row, email, email_verified }), before: toAccount(row) }
  })
}
