import { randomBytes } from 'node:crypto'
import fp from 'fastify-plugin'
import { serviceOf } from '../../src/config/service.ts'
import { isPlainLoopback } from '../../src/http/loopback.ts'
import { createMailbox, type Mailbox } from '../../src/mail/dev-mailbox.ts'
import { createLinkTo } from '../../src/mail/links.ts'
import { createSmtp, type Mailer } from '../../src/mail/smtp.ts'
import { readTemplates, type WriteLetter } from '../../src/mail/templates.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** What brings messages on their way; nothing where no mail can be sent. */
    mailer: Mailer | undefined
    /** Where messages are shown rather than sent, for who tries the service out. */
    mailbox: Mailbox | undefined
    /** Where a browser sees them, with the token of this start, which is needed there. */
    mailboxUrl: string | undefined
    writeLetter: WriteLetter
  }
}

/** Where mail goes: to the server of SMTP_URL, or, while the service is tried out on one machine, to /dev/mail. */
export default fp(
  async (fastify) => {
    const { config, clock, log } = fastify
    const { SMTP_URL, MAIL_FROM, MAIL_TEMPLATES, PUBLIC_URL, DATABASE_URL } = config
    const isTrial = SMTP_URL === undefined && DATABASE_URL === undefined && isPlainLoopback(PUBLIC_URL)
    const mailbox = isTrial ? createMailbox(clock) : undefined
    // Programs and proxies on this machine are local too: who reads mail has also seen the log or the terminal.
    const mailboxUrl = mailbox && `${PUBLIC_URL}/dev/mail?token=${randomBytes(32).toString('base64url')}`
    const mailer =
      SMTP_URL === undefined ? mailbox : createSmtp(SMTP_URL, MAIL_FROM, { connections: config.SMTP_CONNECTIONS })

    const service = serviceOf(config).name
    fastify.decorate('writeLetter', readTemplates(MAIL_TEMPLATES, { service, linkTo: createLinkTo(config) }))
    fastify.decorate('mailbox', mailbox)
    fastify.decorate('mailboxUrl', mailboxUrl)
    fastify.decorate('mailer', mailer)
    fastify.addHook('onClose', async () => mailer?.close())

    if (mailboxUrl) log.info(`mail is not sent, but shown at ${mailboxUrl} (set SMTP_URL to send it)`)
    if (!mailer) log.warn('no mail can be sent: set SMTP_URL and MAIL_FROM, or nobody can prove an address')
  },
  { name: 'mailer', dependencies: ['clock', 'config'] }
)
