import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { useEmailToken } from '../mail/email-tokens.ts'
import type { NewMail } from '../mail/mails.ts'
import { requestMail } from '../mail/requests.ts'
import type { User } from '../schemas/users.ts'
import { addUser, type NewUser, nameTaken } from '../users/users.ts'
import { isAddressReserved } from './email-change.ts'

/**
 * Creates an account, and queues the mail that verifies its address, in one transaction.
 *
 * @param count counts the mail in the same transaction, and tells whether it is throttled; undefined if the service
 * sends no mail
 * @throws Problem ACCOUNT_EXISTS with each name that is taken
 */
export async function registerUser(
  database: Database,
  account: NewUser,
  count: ((mail: NewMail, transaction: Database) => Promise<{ throttled: boolean }>) | undefined
): Promise<User> {
  const { email } = account
  if (email === undefined) return addUser(database, account)
  return database.transact(async (transaction) => {
    const user = await addUser(transaction, account)
    // Only after the insert, which waits for a concurrent transaction that gives up the address.
    if (await isAddressReserved(transaction, email)) throw nameTaken('/email')
    const mail: NewMail = { kind: 'verify email', recipient: email, userId: user.id }
    if (count) await requestMail(transaction, mail, await count(mail, transaction))
    return user
  })
}

/**
 * Creates an account for the address that a token was sent to, which is thereby verified.
 *
 * @throws Problem EMAIL_TOKEN_INVALID; ACCOUNT_EXISTS, after which the token stays valid
 */
export async function finishRegistration(
  database: Database,
  token: string,
  account: Omit<NewUser, 'email' | 'emailVerified'>
): Promise<User> {
  return database.transact(async (transaction) => {
    const { email } = await useEmailToken(transaction, 'finish registration', token)
    return addUser(transaction, { ...account, email, emailVerified: true }).catch(pointAtToken)
  })
}

/** The body has no `email`: faults of the address are reported at `token`. */
function pointAtToken(error: unknown): never {
  if (!(error instanceof Problem && error.errors)) throw error
  const errors = error.errors.map((fault) => (fault.path === '/email' ? { ...fault, path: '/token' } : fault))
  throw new Problem(error.code, { errors })
}
