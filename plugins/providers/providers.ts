import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { createProviders, lazyOpenId } from '../../src/providers/providers.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The providers with which people sign in, by id. */
    providers: ReadonlyMap<string, Provider>
  }
}

/** Provides the configured providers. The library loads while the database starts; in commands, when it is needed. */
export default fp<AppOptions>(
  async (fastify, { existing = false }) => {
    const { clock, config } = fastify
    const openId = lazyOpenId(clock)
    fastify.decorate('providers', createProviders(config, { clock, openId }))
    // The promise is awaited later. Without a handler, an earlier rejection would end the process.
    if (config.PROVIDERS.length > 0 && !existing) void Promise.allSettled([openId()])
  },
  { name: 'providers', dependencies: ['clock', 'config'] }
)
