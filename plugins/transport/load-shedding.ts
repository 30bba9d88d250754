import underPressure from '@fastify/under-pressure'
import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { Problem } from '../../src/errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered even under overload, for probes of the process itself. */
    vital?: true
  }
}

/** The interval over which the event loop delay is averaged, in milliseconds. */
const SAMPLE_INTERVAL = 5_000

/**
 * Load shedding: refuses requests while the event loop is overloaded. Requests that need a password hash or the database
 * have queues that fill up long before; this protects against the others, on more connections than one process can serve.
 */
export default fp<AppOptions>(
  async (fastify, { unhurried = false }) => {
    if (unhurried) return
    let delayed = false
    let overloaded = false

    await fastify.register(underPressure, {
      maxEventLoopDelay: 1_000,
      sampleInterval: SAMPLE_INTERVAL,
      pressureHandler({ routeOptions }) {
        if (overloaded && !routeOptions.config.vital) throw new Problem('OVERLOADED')
      }
    })

    // One sample can be a single long turn or a suspended process; two in a row are an overload. setInterval, and not
    // periodic(), since @fastify/under-pressure takes its samples with a timer of Node's too.
    const timer = setInterval(() => {
      overloaded = delayed && fastify.isUnderPressure()
      delayed = fastify.isUnderPressure()
    }, SAMPLE_INTERVAL).unref()
    fastify.addHook('onClose', async () => clearInterval(timer))
  },
  { name: 'load-shedding' }
)
