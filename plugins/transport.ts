import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import fp from 'fastify-plugin'
import { Problem } from '../src/errors.ts'
import { rawAnswer } from '../src/server-options.ts'

/** What Node's HTTP server would answer by itself and without our body (RFC 9112 §3.2, RFC 9110 §10.1.1 and §9.3.6). */
export default fp(
  async (fastify) => {
    fastify.addHook('onRequest', ({ raw }, _reply, done) => {
      const homeless = raw.headers.host === undefined && raw.httpVersion === '1.1'
      done(homeless ? new Problem('MALFORMED_REQUEST', { message: 'The Host header is missing.' }) : undefined)
    })

    fastify.server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
      const message = 'Only 100-continue can be expected.'
      response.socket?.end(rawAnswer(new Problem('MALFORMED_REQUEST', { statusCode: 417, message })))
    })

    fastify.server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
      socket.end(rawAnswer(new Problem('MALFORMED_REQUEST', { message: 'This is not a proxy.' })))
    })
  },
  { name: 'transport', dependencies: ['headers'] }
)
