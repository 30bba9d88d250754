import fp from 'fastify-plugin'
import { commonHeaders } from '../../src/transport/raw-response.ts'

/** Sets the headers of every response, refusals included. */
export default fp(
  async (fastify) => {
    fastify.addHook('onRequest', (request, reply, done) => {
      reply.headers(commonHeaders(request.id))
      done()
    })
  },
  { name: 'headers' }
)
