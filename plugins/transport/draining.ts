import type { Socket } from 'node:net'
import timers from 'node:timers/promises'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { untilQuiet } from '../../src/transport/quiet-listener.ts'

/** How long what is in flight has, in milliseconds: a little less than the grace that src/server.ts gives. */
const TIMEOUT = 9_000

/** For how long new connections are still taken, to be refused in the contract's form, in milliseconds. */
const DRAIN = 1_000

/** Who comes in so many milliseconds after that is the last, and has so many more to get in: there may always be more. */
const LAST = 50

/** While the service stops, what is in flight is finished and what is new is refused. */
export default fp(
  async (fastify) => {
    const { server } = fastify
    const connections = new Set<Socket>()
    let stopping = false
    let last: Promise<unknown> = Promise.resolve()

    server.on('connection', (socket: Socket) => {
      connections.add(socket)
      socket.once('close', () => connections.delete(socket))
    })

    /** A browser connects before it has anything to ask. */
    function closeSilent(): void {
      for (const socket of connections) if (socket.bytesRead === 0) socket.destroy()
    }

    fastify.addHook('preClose', async () => {
      stopping = true
      // A client that never ends its request must not turn a clean stop into a failed one.
      setTimeout(() => server.closeAllConnections(), TIMEOUT).unref()
      if (!server.listening) return
      // Who asks meanwhile, a load balancer above all, is told to go elsewhere rather than not let in.
      await timers.setTimeout(DRAIN)
      // Whoever the kernel has let in, and the service has not, would be cut off. Who is refused comes again at once:
      // these are refused when the server has closed, a turn later.
      const nobody = timers.setTimeout(LAST).then(() => untilQuiet(server, LAST))
      last = nobody.then(() => timers.setImmediate())
      await nobody
      // In a turn of its own, after what has come is read.
      setTimeout(() => setImmediate(closeSilent), DRAIN).unref()
    })
    fastify.addHook('onRequest', (_request, _reply, done) => {
      if (!stopping) return done()
      const refusal = new Problem('OVERLOADED', {
        message: 'The service is stopping.',
        headers: { connection: 'close' }
      })
      last.then(() => done(refusal))
    })
    // Else a proxy would keep the connection, and the stop would wait for it though nothing is in flight any more.
    fastify.addHook('onSend', (_request, reply, _payload, done) => {
      if (stopping) reply.header('connection', 'close')
      done()
    })
  },
  { name: 'stopping' }
)
