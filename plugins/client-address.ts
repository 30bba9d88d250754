import type { IncomingMessage } from 'node:http'
import fp from 'fastify-plugin'
import { createClientAddress } from '../src/client-address.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Where a request comes from, behind the TRUSTED_PROXIES. */
    clientAddress(request: IncomingMessage): string
  }
}

export default fp(
  async (fastify) => {
    fastify.decorate('clientAddress', createClientAddress(fastify.config.TRUSTED_PROXIES))
  },
  { name: 'client-address', dependencies: ['config'] }
)
