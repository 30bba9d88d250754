import { randomInt } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { serviceOf } from '../../src/config/service.ts'
import { Problem } from '../../src/errors.ts'
import { compose } from '../../src/mail/compose.ts'
import type { DevMailbox } from '../../src/mail/dev-mailbox.ts'
import { createLinkTo } from '../../src/mail/links.ts'
import { createMailer } from '../../src/mail/mailer.ts'
import { MAILS, type Mail as MailItem, type NewMail } from '../../src/mail/mails.ts'
import { REQUEST_BATCH, requestMail, resolveRequests } from '../../src/mail/requests.ts'
import { readTemplates } from '../../src/mail/templates.ts'
import { createDispatcher, type Dispatcher } from '../../src/outbox/dispatcher.ts'

/** Sends mail, by way of the outbox: `enqueueMail` inserts a mail, and `wake` has it sent. */
export interface Mail extends Pick<Dispatcher, 'wake' | 'flush' | 'outcomes' | 'waiting'> {
  /**
   * Whether mail can be sent. If not, nothing may be enqueued: a route that is about mail has `require` as a hook, and one
   * that is not, such as /register, leaves the mail out.
   */
  readonly available: boolean
  /** Where messages are shown instead of sent, while the service is tried out. */
  readonly mailbox: DevMailbox | undefined
  /** A hook: refuses with MAIL_UNAVAILABLE if no mail can be sent. */
  require(): Promise<void>
  /**
   * Enqueues a mail that a client requested, counted by its recipient. Takes the same steps for every address, whether or
   * not it has an account.
   *
   * @throws Problem TOKEN_INVALID if the account that it concerns no longer exists, and so neither does the session
   */
  request(request: FastifyRequest, mail: NewMail): Promise<void>
  /** The language for letters to an account that a request creates: the best that it accepts by name, or null. */
  localeOf(request: FastifyRequest): string | null
}

declare module 'fastify' {
  interface FastifyInstance {
    mail: Mail
  }
}

/** The deadline of one statement, in milliseconds. */
const TIMEOUT = 5_000

/**
 * A mail that a client requested waits for a random time of up to so many milliseconds. Otherwise its arrival would reveal
 * when other mail was sent.
 */
const MAX_DELAY = 5_000

/** Provides the outbox of mails, and delivers them in the background. */
export default fp<AppOptions>(
  async (fastify, { mailEvery, timers }) => {
    const { audit, clock, config, limits, log } = fastify
    const { mailer, mailbox } = createMailer(config, clock)
    const { render, localeOf } = readTemplates(config.MAIL_TEMPLATES, {
      service: serviceOf(config).name,
      linkTo: createLinkTo(config)
    })
    const key = fastify.deriveKey('email tokens')
    const openDatabase = () => fastify.database.open(TIMEOUT)

    async function deliver(mail: MailItem): Promise<boolean> {
      const draft = await compose(openDatabase(), key, mail)
      if (draft) await mailer?.send(mail.id, render(draft))
      return draft !== undefined
    }

    const dispatcher = createDispatcher({
      name: 'mail',
      outbox: MAILS,
      openDatabase,
      deliver,
      describe: ({ kind }) => ({ kind }),
      lost: ({ kind, user_id: account }) =>
        audit.record('service', 'mail lost', { ...(account && { account }), detail: { reason: kind } }),
      prepare: async () => (await resolveRequests(openDatabase())) === REQUEST_BATCH,
      connections: config.SMTP_CONNECTIONS,
      interval: mailEvery,
      timers,
      log
    })
    if (mailer) dispatcher.start()
    fastify.addHook('onClose', () => dispatcher.stop(() => mailer?.close()))
    if (mailbox) log.info(`mail is not sent, but shown at ${mailbox.url} (set SMTP_URL to send it)`)
    if (!mailer) log.warn('no mail can be sent, so that nobody can verify an address: set SMTP_URL and MAIL_FROM')

    fastify.decorate('mail', {
      available: mailer !== undefined,
      mailbox,
      async require() {
        if (!mailer) throw new Problem('MAIL_UNAVAILABLE')
      },
      async request(request, mail) {
        const count = await limits.byRecipient(request, mail)
        // The mailbox is on this machine, where there is nobody to hide anything from.
        const delay = mailbox ? 0 : randomInt(MAX_DELAY + 1)
        const locale = localeOf(request.headers['accept-language'])
        // The address may have no account, and so no language of its own.
        const data = { ...mail.data, ...(mail.userId === undefined && locale !== null && { locale }) }
        if (!(await requestMail(request.database, { ...mail, data, delay }, count))) throw new Problem('TOKEN_INVALID')
        dispatcher.wake()
      },
      localeOf: ({ headers }) => localeOf(headers['accept-language']),
      wake: dispatcher.wake,
      flush: dispatcher.flush,
      outcomes: dispatcher.outcomes,
      get waiting() {
        return dispatcher.waiting
      }
    })
  },
  { name: 'mail', dependencies: ['audit', 'clock', 'config', 'database', 'derive-key', 'limits'] }
)
