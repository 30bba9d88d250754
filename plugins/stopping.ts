import fp from 'fastify-plugin'
import { Problem } from '../src/errors.ts'

/** While the service stops, what is in flight is finished and what is new is refused. */
export default fp(
  async (fastify) => {
    let stopping = false

    fastify.addHook('preClose', async () => {
      stopping = true
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
