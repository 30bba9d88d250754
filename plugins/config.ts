import fp from 'fastify-plugin'
import type { AppOptions } from '../src/app.ts'
import { type Config, readConfig } from '../src/config.ts'

declare module 'fastify' {
  interface FastifyInstance {
    config: Config
  }
}

/** The checked configuration. */
export default fp<AppOptions>(
  async (fastify, { config = readConfig() }) => {
    fastify.decorate('config', config)
  },
  { name: 'config' }
)
