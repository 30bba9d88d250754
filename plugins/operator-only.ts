import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../src/errors.ts'
import { isLoopback } from '../src/loopback.ts'
import { requireKey } from '../src/tokens.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** An onRequest hook: lets pass who brings METRICS_KEY, or, where none is set, who calls from this machine. */
    operatorOnly(request: FastifyRequest): Promise<void>
  }
}

export default fp(
  async (fastify) => {
    const { METRICS_KEY } = fastify.config

    fastify.decorate('operatorOnly', async ({ headers, socket }: FastifyRequest) => {
      if (METRICS_KEY === undefined) {
        if (!isLoopback(socket.remoteAddress)) throw new Problem('NOT_FOUND')
      } else {
        requireKey(headers.authorization, METRICS_KEY)
      }
    })
  },
  { name: 'operator-only', dependencies: ['config'] }
)
