import { setImmediate } from 'node:timers/promises'
import fp from 'fastify-plugin'

/**
 * Answers that are ready in one turn of the event loop are written at its end: first everything that came in is worked
 * off, then everything goes out. To go into the kernel for each answer, and back, costs either side what it has in its
 * caches, and wakes a client for each: with fifty clients it is up to a third of what `/secret` costs. Who asks alone
 * waits some 10 µs longer.
 */
export default fp(
  async (fastify) => {
    let turn: Promise<void> | undefined

    // With a promise, since each answer goes on in the async context of its own request, and fails alone. A stream may
    // fail before Fastify listens for that, and does not wait.
    fastify.addHook('onSend', async (_request, _reply, payload) => {
      if (typeof payload !== 'string') return
      turn ??= setImmediate().then(() => {
        turn = undefined
      })
      await turn
    })
  },
  { name: 'coalescing' }
)
