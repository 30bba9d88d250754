import type { Socket } from 'node:net'
import timers from 'node:timers/promises'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { untilQuiet } from '../../src/transport/quiet-listener.ts'

/** The time that requests in flight have, in milliseconds: a little less than the stop timeout of src/server.ts. */
const TIMEOUT = 9_000

/** For how long new connections are still accepted, to be refused in the contract's form, in milliseconds. */
const DRAIN = 1_000

/** For how long new connections must stay away after that, and how much longer they may keep coming, in milliseconds. */
const LAST = 50

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
      // A client that never ends its request must not turn a clean stop into a failed one.
      setTimeout(() => server.closeAllConnections(), TIMEOUT).unref()
      if (!server.listening) return
      // New clients, above all a load balancer, get a 503 that sends them elsewhere, rather than a refused connection.
      await timers.setTimeout(DRAIN)
      // Connections that only the kernel has accepted would be reset when the server closes. Refused clients reconnect at
      // once, so refusals are held back until a turn after the server has closed.
      const quiet = timers.setTimeout(LAST).then(() => untilQuiet(server, LAST))
      lastAccepted = quiet.then(() => timers.setImmediate())
      await quiet
      // In a turn of its own, after pending input is read.
      setTimeout(() => setImmediate(closeUnused), DRAIN).unref()
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
