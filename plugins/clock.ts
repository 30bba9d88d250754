import fp from 'fastify-plugin'
import type { AppOptions } from '../src/app-options.ts'
import { type Clock, systemClock } from '../src/clock.ts'

declare module 'fastify' {
  interface FastifyInstance {
    clock: Clock
  }
}

/** The clock of the process, or the one that a test gives. */
export default fp<AppOptions>(
  async (fastify, { clock = systemClock }) => {
    fastify.decorate('clock', clock)
  },
  { name: 'clock' }
)
