import type { IncomingMessage } from 'node:http'
import fp from 'fastify-plugin'
import { createClientAddress } from '../../src/http/client-address.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The address of the client that sent a request, as seen through the TRUSTED_PROXIES. */
    clientAddress(request: IncomingMessage): string
  }
}

/** Provides the addresses of clients. */
export default fp(
  async (fastify) => {
    const { clientAddress, isForwardedIgnored, findUnreadableHop } = createClientAddress(fastify.config.TRUSTED_PROXIES)
    let warned = false
    let warnedOfHop = false

    fastify.addHook('onRequest', ({ raw }, _reply, done) => {
      if (!warned && isForwardedIgnored(raw)) {
        warned = true
        const from = raw.socket.remoteAddress
        fastify.log.warn(
          { from },
          'X-Forwarded-For was ignored: add the proxy to TRUSTED_PROXIES, or all clients behind it share the limits of one'
        )
      }
      const hop = warnedOfHop ? undefined : findUnreadableHop(raw)
      if (hop !== undefined) {
        warnedOfHop = true
        fastify.log.warn(
          { from: hop },
          'a trusted proxy sent an invalid address in X-Forwarded-For: its clients share the limits of one'
        )
      }
      done()
    })

    fastify.decorate('clientAddress', clientAddress)
  },
  { name: 'client-address', dependencies: ['config'] }
)
