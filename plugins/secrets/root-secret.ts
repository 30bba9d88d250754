import fp from 'fastify-plugin'
import { readRootSecret } from '../../src/secrets/root-secret.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** What keys are derived from, one for each purpose; the same in every instance. */
    rootSecret: string
  }
}

export default fp(
  async (fastify) => {
    fastify.decorate('rootSecret', await readRootSecret(fastify.openDatabase(), fastify.clock, fastify.secrets))
  },
  // The key ring first: what it says of a SECRET_KEY that opens nothing is the better message.
  { name: 'root-secret', dependencies: ['clock', 'database', 'key-ring', 'secrets'] }
)
