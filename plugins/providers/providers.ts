import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { createBoundedFetch } from '../../src/providers/bounded-fetch.ts'
import { loadOpenId, type OpenId } from '../../src/providers/openid-client.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { createProviders } from '../../src/providers/providers.ts'

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
    let loading: Promise<OpenId> | undefined
    const openId = () => {
      loading ??= loadOpenId(createBoundedFetch(), clock)
      return loading
    }
    fastify.decorate('providers', createProviders(config, { clock, openId }))
    // The promise is awaited later. Without a handler, an earlier rejection would end the process.
    if (config.PROVIDERS.length > 0 && !existing) void Promise.allSettled([openId()])
  },
  { name: 'providers', dependencies: ['clock', 'config'] }
)
