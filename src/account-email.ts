import { type Account, find, presentAccount } from './accounts.ts'
import type { Clock } from './clock.ts'
import type { Database } from './database.ts'
import { isAddressReserved, keepReplaced } from './email-addresses.ts'
import { enqueueMail } from './outbox.ts'
import { foldName, nameTaken, replaceEmail } from './users.ts'

/** Another address for an account. */
export interface NewEmail {
  email: string
  /** Whether it is proven to be theirs; otherwise a mail asks for that. */
  verified: boolean
  /** Whether mails can be sent. */
  mail: boolean
}

/**
 * Gives an account another address, by the rules of one that is confirmed: links that were sent before are void, and a
 * proven address is told and can be had back.
 *
 * @throws Problem ACCOUNT_EXISTS where another account has the address, or may have it back
 */
export async function setEmail(
  database: Database,
  clock: Clock,
  user: string,
  { email, verified, mail }: NewEmail
): Promise<{ account: Account; before: Account }> {
  return database.transact(async (transaction) => {
    const row = await find(transaction, user, 'FOR NO KEY UPDATE')
    if (await isAddressReserved(transaction, clock, email, row.id)) throw nameTaken('/email')
    const isProven = row.email_verified && foldName(String(row.email)) === foldName(email)
    const email_verified = verified || isProven
    const replaced = await replaceEmail(transaction, row.id, email, { verified: email_verified, path: '/email' })
    if (mail) await keepReplaced(transaction, clock, row.id, email, replaced)
    if (mail && !email_verified) {
      await enqueueMail(transaction, clock, { kind: 'verify email', recipient: email, userId: row.id })
    }
    return { account: presentAccount({ ...row, email, email_verified }), before: presentAccount(row) }
  })
}
