import type { Socket } from 'node:net'
import timers from 'node:timers/promises'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { untilQuiet } from '../../src/transport/quiet-listener.ts'

/** The time that requests in flight have, in milliseconds: a little less than the stop timeout of src/server.ts. */
const TIMEOUT = 9_000

/** The time for which new connections are accepted and their requests refused with 503, in milliseconds. */
const REFUSE = 1_000

/** After that, the time for which refusals are held back, and then the maximum wait for an empty accept queue, in ms. */
const QUIET = 50

/** At shutdown, finishes requests in flight and refuses new ones. */
export default fp(
  async (fastify) => {
    const { server } = fastify
    const connections = new Set<Socket>()
    let draining = false
    let lastAccepted: Promise<unknown> = Promise.resolve()

    server.on('connection', (socket: Socket) => {
      connections.add(socket)
      socket.once('close', () => connections.delete(socket))
    })

    /** Browsers open connections ahead of their requests. */
    function closeUnused(): void {
      for (const socket of connections) if (socket.bytesRead === 0) socket.destroy()
    }

    fastify.addHook('preClose', async () => {
      draining = true
      if (!server.listening) return
      // A client that never ends its request must not turn a clean stop into a failed one.
      const deadline = setTimeout(() => server.closeAllConnections(), TIMEOUT).unref()
      server.once('close', () => clearTimeout(deadline))
      // New clients, above all a load balancer, get a 503 that sends them elsewhere, rather than a refused connection.
      await timers.setTimeout(REFUSE)
      // Connections that only the kernel has accepted would be reset when the server closes. Refused clients reconnect at
      // once, so refusals are held back until a turn after the server has closed.
      const quiet = timers.setTimeout(QUIET).then(() => untilQuiet(server, QUIET))
      lastAccepted = quiet.then(() => timers.setImmediate())
      await quiet
      // In a turn of its own, after pending input is read.
      setTimeout(() => setImmediate(closeUnused), REFUSE).unref()
    })
    fastify.addHook('onRequest', (_request, _reply, done) => {
      if (!draining) return done()
      const refusal = new Problem('OVERLOADED', {
        message: 'The service is stopping.',
        headers: { connection: 'close' }
      })
      lastAccepted.then(() => done(refusal))
    })
    // Otherwise a proxy keeps the connection open, and the stop waits for it with nothing in flight.
    fastify.addHook('onSend', (_request, reply, _payload, done) => {
      if (draining) reply.header('connection', 'close')
      done()
    })
  },
  { name: 'draining' }
)
