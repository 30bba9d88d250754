import type { Config } from '../config/config.ts'
import { whereabouts } from '../config/database-url.ts'

/**
 * What a person who has started the service on a terminal wants to know: where it listens, what to read there, and where
 * its data and its mail are.
 *
 * @param url where it listens
 * @param mailUrl where mail shows that is not sent, if anywhere
 */
export function welcome(
  { DATABASE_URL, DATA_DIR, SMTP_URL }: Pick<Config, 'DATABASE_URL' | 'DATA_DIR' | 'SMTP_URL'>,
  url: string,
  mailUrl: string | undefined
): string {
  const database = DATABASE_URL ? whereabouts(DATABASE_URL) : `embedded in ${DATA_DIR}`
  const unsent = mailUrl ? `not sent, but shown at ${mailUrl}` : 'not sent, since SMTP_URL is not set'
  const mail = SMTP_URL ? `sent by ${new URL(SMTP_URL).hostname}` : unsent
  return `
  Latchkey listens at ${url} (Ctrl+C stops it). API reference: ${url}/docs
  Database: ${database}
  Mail: ${mail}
`
}
