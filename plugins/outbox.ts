import fp from 'fastify-plugin'
import { Problem } from '../src/errors.ts'

/** The mails that wait to be sent, and what sends them. */
export interface Outbox {
  /**
   * Whether mail can be sent at all. Where it cannot, nothing must be put into the outbox: a route that is about mail
   * alone has `requireMail` as a hook, and one that is not, such as /register, leaves the mail out.
   */
  readonly available: boolean
  /** Looks into the outbox soon; called when a mail has been put into it and committed. It waits for nothing. */
  nudge(): void
  /** Sends all that is due; for tests, and when the service stops. */
  flush(): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    outbox: Outbox
    /** An onRequest hook: refuses with MAIL_UNAVAILABLE where no mail can be sent. */
    requireMail(): Promise<void>
  }
}

export default fp(
  async (fastify) => {
    const { SMTP_URL, DATABASE_URL } = fastify.config
    const available = SMTP_URL !== undefined || DATABASE_URL === undefined

    fastify.decorate('outbox', { available, nudge() {}, async flush() {} })
    fastify.decorate('requireMail', async () => {
      if (!available) throw new Problem('MAIL_UNAVAILABLE')
    })
  },
  { name: 'outbox', dependencies: ['config', 'database', 'root-secret'] }
)
