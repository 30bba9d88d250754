import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/config.ts'
import { isPlainLoopback } from '../http/loopback.ts'
import { createDevMailbox, type DevMailbox } from './dev-mailbox.ts'
import { createSmtp, type Mailer } from './smtp.ts'

/** Where messages go: to the server of SMTP_URL; to /dev/mail while the service is tried out on one machine; or nowhere. */
export function createMailer(
  { SMTP_URL, SMTP_CONNECTIONS, MAIL_FROM, PUBLIC_URL, DATABASE_URL }: Config,
  clock: Clock
): { mailer?: Mailer; mailbox?: DevMailbox } {
  if (SMTP_URL !== undefined) return { mailer: createSmtp(SMTP_URL, MAIL_FROM, { connections: SMTP_CONNECTIONS }) }
  if (DATABASE_URL !== undefined || !isPlainLoopback(PUBLIC_URL)) return {}
  // Other programs and proxies on this machine are local too: only whoever sees the log or the terminal may read mail.
  const url = `${PUBLIC_URL}/dev/mail?token=${randomBytes(32).toString('base64url')}`
  const mailbox = createDevMailbox(clock, url)
  return { mailer: mailbox, mailbox }
}
