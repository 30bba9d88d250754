import type { Database } from '../database/database.ts'
import { mintEmailToken } from './email-tokens.ts'
import type { Content } from './letters/letter.ts'
import { LETTERS } from './letters.ts'
import type { Mail } from './mails.ts'
import { THROTTLED } from './requests.ts'

/** The content from which a message is rendered. */
export interface Draft extends Omit<Content, 'token'> {
  /** The token in its link. */
  token?: string
}

/**
 * Composes the content of a mail that is about to be sent. Returns undefined if the mail is no longer needed: it is then
 * dropped.
 *
 * Called once for each attempt, outside of any transaction. Each attempt has the same token: an HMAC of the id of the mail.
 *
 * @param key the key for tokens of links: `deriveKey('email tokens')`
 * @throws Problem DATABASE_UNAVAILABLE; after this and any other error the mail is retried
 */
export async function compose(database: Database, key: Buffer, mail: Mail): Promise<Draft | undefined> {
  const letter = LETTERS.find(({ kind }) => kind === mail.kind)
  if (!letter || mail.data[THROTTLED]) return undefined
  const content = await letter.compose(mail, database)
  if (!content) return undefined
  const { token: subject, ...rest } = content
  if (!letter.link || !subject) return rest
  const { purpose } = letter.link
  const { lifetime = letter.link.lifetime } = subject
  const token = await mintEmailToken(database, key, { ...subject, mail: mail.id, purpose, lifetime })
  const variables = { ...rest.variables, expires_in: { seconds: lifetime } }
  return token === undefined ? undefined : { ...rest, variables, token }
}
