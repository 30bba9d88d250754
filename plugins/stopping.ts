import { setTimeout as pause } from 'node:timers/promises'
import fp from 'fastify-plugin'
import { Problem } from '../src/errors.ts'

/** How long what is in flight has, in milliseconds: a little less than the grace that src/server.ts gives. */
const PATIENCE = 9_000

/** For how long new connections are still taken, to be refused in the contract's form, in milliseconds. */
const DRAIN = 1_000

/** While the service stops, what is in flight is finished and what is new is refused. */
export default fp(
  async (fastify) => {
    let stopping = false

    fastify.addHook('preClose', async () => {
      stopping = true
      // A client that never ends its request must not turn a clean stop into a failed one.
      setTimeout(() => fastify.server.closeAllConnections(), PATIENCE).unref()
      // Who asks meanwhile, a load balancer above all, is told to go elsewhere rather than not let in.
      if (fastify.server.listening) await pause(DRAIN)
    })
    fastify.addHook('onRequest', (_request, _reply, done) => {
      done(
        stopping
          ? new Problem('OVERLOADED', { message: 'The service is stopping.', headers: { connection: 'close' } })
          : undefined
      )
    })
    // Else a proxy would keep the connection, and the stop would wait for it though nothing is in flight any more.
    fastify.addHook('onSend', (_request, reply, _payload, done) => {
      if (stopping) reply.header('connection', 'close')
      done()
    })
  },
  { name: 'stopping', dependencies: ['headers'] }
)
