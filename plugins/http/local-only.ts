import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { isLocalRequest } from '../../src/http/loopback.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** An onRequest hook: lets pass who calls from this machine, by a name of this machine and through no proxy. */
    localOnly(request: FastifyRequest): Promise<void>
  }
}

export default fp(
  async (fastify) => {
    fastify.decorate('localOnly', async (request: FastifyRequest) => {
      if (!isLocalRequest(request)) throw new Problem('NOT_FOUND')
    })
  },
  { name: 'local-only' }
)
