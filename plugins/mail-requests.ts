import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../src/errors.ts'
import { requestMail } from '../src/mail-requests.ts'
import type { NewMail } from '../src/outbox.ts'

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

export default fp(
  async (fastify) => {
    const { clock, limits, outbox } = fastify

    fastify.decorate('askForMail', async (request: FastifyRequest, mail: NewMail) => {
      const share = await limits.byRecipient(request, mail)
      if (!(await requestMail(request.database, clock, mail, share))) throw new Problem('TOKEN_INVALID')
      outbox.nudge()
    })
  },
  { name: 'mail-requests', dependencies: ['clock', 'database', 'limits', 'outbox'] }
)
