import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { decorateReply } from './own-property.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** Aborts when the connection closes before the response is sent. */
    readonly disconnected: AbortSignal
  }
}

/** Lets queued work stop when its client disconnects. Fastify's `request.signal` fires as soon as a body is read. */
export default fp<AppOptions>(
  async (fastify, { insideAnother }) => {
    decorateReply(fastify, { insideAnother }, 'disconnected', {
      get({ raw }) {
        const controller = new AbortController()
        // The event is emitted once: if the client has already disconnected, it will not come.
        if (raw.destroyed) controller.abort()
        else raw.once('close', () => controller.abort())
        return controller.signal
      }
    })
  },
  { name: 'disconnected' }
)
