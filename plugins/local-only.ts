import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../src/errors.ts'
import { isLoopback, isPlainLoopback } from '../src/loopback.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * An onRequest hook: lets pass who calls from this machine, by a name of this machine. The name keeps out the pages
     * of others, which a browser could be led to load under a name that leads here (DNS rebinding).
     */
    localOnly(request: FastifyRequest): Promise<void>
  }
}

export default fp(
  async (fastify) => {
    fastify.decorate('localOnly', async ({ headers, socket }: FastifyRequest) => {
      const url = `http://${headers.host}`
      const isHere = isLoopback(socket.remoteAddress) && URL.canParse(url) && isPlainLoopback(url)
      if (!isHere) throw new Problem('NOT_FOUND')
    })
  },
  { name: 'local-only' }
)
