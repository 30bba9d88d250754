import type { preValidationHookHandler } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * A preValidation hook: takes the blanks off the ends of the address in the body, as `/login` does. Keyboards and
     * clipboards add them, and no address has any.
     */
    trimEmail: preValidationHookHandler
  }
}

/** As in the schema: what is longer is not looked at. */
const LONGEST = 254

export default fp(
  async (fastify) => {
    fastify.decorate('trimEmail', ({ body }, _reply, done) => {
      const typed = body as { email?: unknown } | null | undefined
      const email = typed?.email
      if (typed && typeof email === 'string' && email.length <= LONGEST) typed.email = email.trim()
      done()
    })
  },
  { name: 'typed-email' }
)
