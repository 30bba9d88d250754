import type { Config } from '../config/config.ts'
import { withoutCredentials } from '../config/database-url.ts'

/**
 * The text that the start prints on a terminal: the addresses of the service and the API reference, the database, and
 * what happens to mail.
 *
 * @param url the address on which the service listens
 * @param mailUrl the mailbox that shows mail instead of sending it, if there is one
 */
export function welcome(
  { DATABASE_URL, DATA_DIR, SMTP_URL }: Pick<Config, 'DATABASE_URL' | 'DATA_DIR' | 'SMTP_URL'>,
  url: string,
  mailUrl: string | undefined
): string {
  const database = DATABASE_URL ? withoutCredentials(DATABASE_URL) : `embedded in ${DATA_DIR}`
  const unsent = mailUrl ? `not sent, but shown at ${mailUrl}` : 'not sent: SMTP_URL is not set'
  const mail = SMTP_URL ? `sent by ${new URL(SMTP_URL).hostname}` : unsent
  return `
  Latchkey listens at ${url} (Ctrl+C stops it). API reference: ${url}/docs
  Database: ${database}
  Mail: ${mail}
`
}
