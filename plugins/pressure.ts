import underPressure from '@fastify/under-pressure'
import fp from 'fastify-plugin'
import { Problem } from '../src/errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Asked about the process itself, and so answered however busy it is. */
    vital?: true
  }
}

/**
 * Refuses requests while the event loop does not keep up. Passwords and the database have queues of their own, which are
 * full long before; this is for what needs neither, from more connections than one process can serve.
 */
export default fp(
  async (fastify) => {
    await fastify.register(underPressure, {
      // In the mean of some seconds, so that one long turn refuses nobody.
      maxEventLoopDelay: 1_000,
      sampleInterval: 5_000,
      pressureHandler({ routeOptions }) {
        if (!routeOptions.config.vital) throw new Problem('OVERLOADED')
      }
    })
  },
  { name: 'pressure', dependencies: ['headers'] }
)
