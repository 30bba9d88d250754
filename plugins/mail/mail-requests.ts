import { randomInt } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { requestMail } from '../../src/mail/requests.ts'
import type { NewMail } from '../../src/outbox/outbox.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Puts a mail that a client has asked for into the outbox, counted by whom it goes to. All of it is the same for
     * every address, whether there is an account or not.
     *
     * @throws Problem TOKEN_INVALID when the user whose mail it is has gone, and so the session
     */
    askForMail(request: FastifyRequest, mail: NewMail): Promise<void>
  }
}

/**
 * A mail that a client has asked for is sent after a delay of its own, drawn by lot, of up to so many milliseconds.
 * Otherwise the moment at which one's own mail arrives would tell what else was sent at that time.
 */
export const LONGEST_DELAY = 5_000

export default fp(
  async (fastify) => {
    const { limits, mailbox, outbox } = fastify
    // Where mail is only shown, on this machine, there is nobody to hide anything from.
    const drawDelay = () => (mailbox ? 0 : randomInt(LONGEST_DELAY + 1))

    fastify.decorate('askForMail', async (request: FastifyRequest, mail: NewMail) => {
      const share = await limits.byRecipient(request, mail)
      const delayed = { ...mail, delay: drawDelay() }
      if (!(await requestMail(request.database, delayed, share))) throw new Problem('TOKEN_INVALID')
      outbox.nudge()
    })
  },
  { name: 'mail-requests', dependencies: ['database', 'limits', 'mailer', 'outbox'] }
)
