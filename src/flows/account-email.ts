import { type Account, findAccountRow, toAccount } from '../admin/accounts.ts'
import type { Database } from '../database/database.ts'
import { enqueueMail } from '../mail/mails.ts'
import { foldName } from '../users/names.ts'
import { nameTaken, replaceEmail } from '../users/users.ts'
import { isAddressReserved, recordReplacedEmail, voidUndoLinks } from './email-change.ts'

/** Another address for an account. */
export interface NewEmail {
  email: string
  /** Whether it is proven to be theirs; otherwise a mail asks for that. */
  verified: boolean
  /** Whether mails can be sent. */
  mail: boolean
  /** Whether the address before, if it is proven, is sent a link that undoes the change. */
  undoLink: boolean
}

/**
 * Gives an account another address, as the answer to a stolen one: links that were sent before are void, those that undo
 * an earlier change too, and the address before, which may be the thief's, gets none.
 *
 * @throws Problem ACCOUNT_EXISTS where another account has the address, or may have it back
 */
export async function setEmail(
  database: Database,
  user: string,
  { email, verified, mail, undoLink }: NewEmail
): Promise<{ account: Account; before: Account }> {
  return database.transact(async (transaction) => {
    const row = await findAccountRow(transaction, user, 'FOR NO KEY UPDATE')
    if (await isAddressReserved(transaction, email, row.id)) throw nameTaken('/email')
    const isProven = row.email_verified && foldName(String(row.email)) === foldName(email)
    const email_verified = verified || isProven
    const replaced = await replaceEmail(transaction, row.id, email, { verified: email_verified, path: '/email' })
    if (undoLink) await recordReplacedEmail(transaction, row.id, email, replaced)
    else await voidUndoLinks(transaction, row.id, email)
    if (mail && !email_verified) {
      await enqueueMail(transaction, { kind: 'verify email', recipient: email, userId: row.id })
    }
    return { account: toAccount({ ...row, email, email_verified }), before: toAccount(row) }
  })
}
