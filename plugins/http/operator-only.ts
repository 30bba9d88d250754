import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { isLocalRequest } from '../../src/http/loopback.ts'
import { requireKey } from '../../src/tokens/bearer.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * An onRequest hook: lets pass who brings METRICS_KEY, or, where none is set, who calls from this machine, by a name
     * of this machine and through no proxy.
     */
    operatorOnly(request: FastifyRequest): Promise<void>
  }
}

export default fp(
  async (fastify) => {
    const { METRICS_KEY } = fastify.config

    fastify.decorate('operatorOnly', async (request: FastifyRequest) => {
      if (METRICS_KEY !== undefined) requireKey(request.headers.authorization, METRICS_KEY)
      else if (!isLocalRequest(request)) throw new Problem('NOT_FOUND')
    })
  },
  { name: 'operator-only', dependencies: ['config'] }
)
