import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyReply {
    /** Aborts when the connection closes before the answer is out. */
    readonly disconnected: AbortSignal
  }
}

/** Tells work that waits that its client has gone. Fastify's own `request.signal` fires as soon as a body is read. */
export default fp(
  async (fastify) => {
    fastify.decorateReply('disconnected', {
      getter() {
        const controller = new AbortController()
        // The event comes once: for a client that has gone already there is none to wait for.
        if (this.raw.destroyed) controller.abort()
        else this.raw.once('close', () => controller.abort())
        return controller.signal
      }
    })
  },
  { name: 'disconnected' }
)
