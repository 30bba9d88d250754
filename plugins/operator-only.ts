import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import ipaddr from 'ipaddr.js'
import { Problem } from '../src/errors.ts'
import { equalSecrets } from '../src/secrets.ts'
import { bearerToken } from '../src/tokens.ts'

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
      } else if (!equalSecrets(bearerToken(headers.authorization), METRICS_KEY)) {
        throw new Problem('TOKEN_INVALID')
      }
    })
  },
  { name: 'operator-only', dependencies: ['config'] }
)

function isLoopback(address = ''): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback'
}
