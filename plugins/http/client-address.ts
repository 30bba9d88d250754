import type { IncomingMessage } from 'node:http'
import fp from 'fastify-plugin'
import { createClientAddress } from '../../src/http/client-address.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Where a request comes from, behind the TRUSTED_PROXIES. */
    clientAddress(request: IncomingMessage): string
  }
}

export default fp(
  async (fastify) => {
    const { clientAddress, isForwardedInVain, findUnreadableHop } = createClientAddress(fastify.config.TRUSTED_PROXIES)
    let warned = false
    let warnedOfEntry = false

    fastify.addHook('onRequest', ({ raw }, _reply, done) => {
      if (!warned && isForwardedInVain(raw)) {
        warned = true
        const from = raw.socket.remoteAddress
        fastify.log.warn(
          { from },
          'X-Forwarded-For is not believed: name the proxy in TRUSTED_PROXIES, or all behind it count as one'
        )
      }
      const hop = warnedOfEntry ? undefined : findUnreadableHop(raw)
      if (hop !== undefined) {
        warnedOfEntry = true
        fastify.log.warn(
          { from: hop },
          'a trusted proxy sent an X-Forwarded-For entry that is no address: its clients count as one'
        )
      }
      done()
    })

    fastify.decorate('clientAddress', clientAddress)
  },
  { name: 'client-address', dependencies: ['config'] }
)
