import fp from 'fastify-plugin'
import type { KeyRules } from '../../src/keys/rotation.ts'

declare module 'fastify' {
  interface FastifyInstance {
    keyRules: KeyRules
  }
}

/** What signing keys are made and judged by. */
export default fp(
  async (fastify) => {
    const { secrets, config } = fastify
    fastify.decorate('keyRules', { secrets, tokenTtl: config.ACCESS_TOKEN_TTL })
  },
  { name: 'key-rules', dependencies: ['config', 'secrets'] }
)
