import fp from 'fastify-plugin'
import { Problem } from '../src/errors.ts'

/** How long what is in flight has, in milliseconds: a little less than the grace that src/server.ts gives. */
const PATIENCE = 9_000

/** While the service stops, what is in flight is finished and what is new is refused. */
export default fp(
  async (fastify) => {
    let stopping = false

    fastify.addHook('preClose', async () => {
      stopping = true
      // A client that never ends its request must not turn a clean stop into a failed one.
      setTimeout(() => fastify.server.closeAllConnections(), PATIENCE).unref()
    })
    fastify.addHook('onRequest', (_request, _reply, done) => {
      done(
        stopping
          ? new Problem('OVERLOADED', { message: 'The service is stopping.', headers: { connection: 'close' } })
          : undefined
      )
    })
  },
  { name: 'stopping', dependencies: ['headers'] }
)
