import fp from 'fastify-plugin'
import type { AppOptions } from '../src/app-options.ts'
import { type Clock, systemClock } from '../src/clock.ts'

declare module 'fastify' {
  interface FastifyInstance {
    clock: Clock
  }
}

/** Where time comes from. */
export default fp<AppOptions>(
  async (fastify, { clock = systemClock }) => {
    fastify.decorate('clock', clock)
  },
  { name: 'clock' }
)
