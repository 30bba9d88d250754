import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'
import { type Mail, THROTTLED } from '../outbox/outbox.ts'
import { foldName } from '../users/names.ts'
import { LIFETIMES, type Minted, mintEmailToken, type Purpose } from './email-tokens.ts'
import type { Letter } from './letters.ts'

/** What a letter says of how long its link is good. */
const EXPIRES_IN: Record<Purpose, string> = {
  'verify email': inWords(LIFETIMES['verify email']),
  'reset password': inWords(LIFETIMES['reset password']),
  'confirm new email': inWords(LIFETIMES['confirm new email']),
  'undo email change': inWords(LIFETIMES['undo email change']),
  'finish registration': inWords(LIFETIMES['finish registration'])
}

function inWords(seconds: number): string {
  const hours = seconds / 3600
  if (hours < 1) return `${seconds / 60} minutes`
  return hours <= 24 ? `${hours} hours` : `${hours / 24} days`
}

/** An account that a letter may be about. */
interface Addressee {
  id: string
  username: string | null
  email: string
  email_verified: boolean
  disabled: boolean
}

/**
 * The letter of a mail that brings a link. It goes to the address as the account has it now, in whatever letter case it
 * was put into the outbox.
 *
 * @param key what tokens are made with
 */
export async function composeWithLink(database: Database, key: Buffer, mail: Mail): Promise<Letter | undefined> {
  const { id, kind, user_id, recipient, data } = mail
  if (data[THROTTLED]) return undefined
  const mint = (minted: Omit<Minted, 'mail'>) => mintEmailToken(database, key, { mail: id, ...minted })

  async function verifyEmail(user: Addressee | undefined): Promise<Letter | undefined> {
    if (!user || user.email_verified) return undefined
    const token = await mint({ purpose: 'verify email', user: user.id, email: user.email })
    const variables = { expires_in: EXPIRES_IN['verify email'] }
    return token === undefined ? undefined : { template: 'verify-email', recipient: user.email, variables, token }
  }

  async function resetPassword(user: Addressee | undefined): Promise<Letter | undefined> {
    if (!user) return undefined
    const token = await mint({ purpose: 'reset password', user: user.id, email: user.email })
    const variables = { name: nameFor(user, user.email), expires_in: EXPIRES_IN['reset password'] }
    return token === undefined ? undefined : { template: 'reset-password', recipient: user.email, variables, token }
  }

  async function confirmNewEmail(user: string): Promise<Letter | undefined> {
    const { password_version: passwordVersion, email_version: emailVersion } = data
    const [account] = await database.query<{ name: string }>(
      sql`SELECT coalesce(username, email) AS name FROM users WHERE id = ${user}`
    )
    if (!account) return undefined
    const token = await mint({ purpose: 'confirm new email', user, email: recipient, passwordVersion, emailVersion })
    const variables = { name: account.name, expires_in: EXPIRES_IN['confirm new email'] }
    return token === undefined ? undefined : { template: 'confirm-new-email', recipient, variables, token }
  }

  async function emailChanged(user: string): Promise<Letter | undefined> {
    const { name, new_email, change } = data as Record<'name' | 'new_email' | 'change', string>
    const token = await mint({ purpose: 'undo email change', user, email: recipient, change })
    const variables = { name, new_email, expires_in: EXPIRES_IN['undo email change'] }
    return token === undefined ? undefined : { template: 'email-changed', recipient, variables, token }
  }

  async function finishRegistration(user: Addressee | undefined): Promise<Letter | undefined> {
    if (user) {
      const name = nameFor(user, user.email)
      return { template: 'already-registered', recipient: user.email, variables: { name } }
    }
    const token = await mint({ purpose: 'finish registration', email: recipient })
    return token === undefined
      ? undefined
      : {
          template: 'finish-registration',
          recipient,
          variables: { expires_in: EXPIRES_IN['finish registration'] },
          token
        }
  }

  switch (kind) {
    case 'verify email':
      return verifyEmail(await findById(database, user_id, recipient))
    case 'reset password':
      return resetPassword(await findById(database, user_id, recipient))
    case 'confirm new email':
      return confirmNewEmail(String(user_id))
    case 'email changed':
      return emailChanged(String(user_id))
    case 'finish registration':
      return finishRegistration(await findByEmail(database, recipient))
    default:
      return undefined
  }
}

async function findByEmail(database: Database, email: string): Promise<Addressee | undefined> {
  const [user] = await database.query<Addressee & Record<string, unknown>>(
    sql`SELECT id, username, email, email_verified FROM users WHERE lower(email COLLATE "C") = ${foldName(email)}`
  )
  return user
}

/** The user of a mail, as long as the address that it goes to is theirs. */
async function findById(database: Database, id: string | null, email: string): Promise<Addressee | undefined> {
  const user = await findByEmail(database, email)
  return user?.id === id ? user : undefined
}

/** What a letter calls its reader: by the username only where the address is proven. */
export const nameFor = ({ username, email_verified }: Pick<Addressee, 'username' | 'email_verified'>, email: string) =>
  email_verified && username !== null ? username : email

/**
 * Turns a mail that is about to be sent into a letter, or into nothing where there is nobody to write to any more: then
 * the mail is dropped.
 *
 * It is called once for each attempt, outside of any transaction, and must give the same letter each time: the token is
 * an HMAC of the mail's id.
 *
 * @param key derived from the root secret for these tokens alone (`deriveKey(rootSecret, 'email tokens')`)
 * @throws Problem DATABASE_UNAVAILABLE; then, and when anything else is thrown, the mail is tried again later
 */
export async function compose(database: Database, key: Buffer, mail: Mail): Promise<Letter | undefined> {
  return mail.kind === 'password changed' ? passwordChanged(database, mail) : composeWithLink(database, key, mail)
}

async function passwordChanged(database: Database, { user_id, recipient }: Mail): Promise<Letter | undefined> {
  const [user] = await database.query<{ username: string | null; email_verified: boolean }>(
    sql`SELECT username, email_verified FROM users WHERE id = ${user_id}`
  )
  return user && { template: 'password-changed', recipient, variables: { name: nameFor(user, recipient) } }
}
