import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import { useEmailToken } from '../mail/email-tokens.ts'
import type { NewMail } from '../mail/mails.ts'
import { requestMail } from '../mail/requests.ts'
import type { User } from '../schemas/users.ts'
import { addUser, type NewUser, nameTaken } from '../users/users.ts'
import { isAddressReserved } from './email-change.ts'

/**
 * Makes an account, and has its address verified by a mail: both or neither.
 *
 * @param count says in the same transaction whether the mail is throttled; nothing where no mail can be sent
 * @throws Problem ACCOUNT_EXISTS naming each name that is taken
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
    // Asked last: an address that another account is about to give up has been waited for until here.
    if (await isAddressReserved(transaction, email)) throw nameTaken('/email')
    const mail: NewMail = { kind: 'verify email', recipient: email, userId: user.id }
    if (count) await requestMail(transaction, mail, await count(mail, transaction))
    return user
  })
}

/**
 * Makes the account of an address that a token was sent to, and that is thereby proven.
 *
 * @throws Problem EMAIL_TOKEN_INVALID; ACCOUNT_EXISTS, and then the token is as good as before
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

/** Here the address is not a key of the body: the token stands for it. */
function pointAtToken(error: unknown): never {
  if (!(error instanceof Problem && error.errors)) throw error
  const errors = error.errors.map((fault) => (fault.path === '/email' ? { ...fault, path: '/token' } : fault))
  throw new Problem(error.code, { errors })
}
