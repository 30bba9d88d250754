import underPressure from '@fastify/under-pressure'
import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { Problem } from '../../src/errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Asked about the process itself, and so answered however busy it is. */
    vital?: true
  }
}

/** Over how long the delay of the event loop is averaged, in milliseconds. */
const SAMPLE = 5_000

/**
 * Refuses requests while the event loop does not keep up. Passwords and the database have queues of their own, which are
 * full long before; this is for what needs neither, from more connections than one process can serve.
 */
export default fp<AppOptions>(
  async (fastify, { unhurried = false }) => {
    if (unhurried) return
    let late = false
    let lasting = false

    await fastify.register(underPressure, {
      maxEventLoopDelay: 1_000,
      sampleInterval: SAMPLE,
      pressureHandler({ routeOptions }) {
        if (lasting && !routeOptions.config.vital) throw new Problem('OVERLOADED')
      }
    })

    // One sample may be of a single long turn, or of a process that was stopped for a while; two in a row are too much work.
    const timer = setInterval(() => {
      lasting = late && fastify.isUnderPressure()
      late = fastify.isUnderPressure()
    }, SAMPLE).unref()
    fastify.addHook('onClose', async () => clearInterval(timer))
  },
  { name: 'pressure' }
)
