import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import fp from 'fastify-plugin'
import { Problem } from '../src/errors.ts'
import { requestId } from '../src/request-id.ts'
import { bareRefusal, rawAnswer } from '../src/server-options.ts'

/** What Node's HTTP server would answer by itself and without our body (RFC 9112 §3.2, RFC 9110 §10.1.1 and §9.3.6). */
export default fp(
  async (fastify) => {
    fastify.addHook('onRequest', ({ raw }, _reply, done) => {
      const homeless = raw.headers.host === undefined && raw.httpVersion === '1.1'
      done(homeless ? new Problem('MALFORMED_REQUEST', { message: 'The Host header is missing.' }) : undefined)
    })

    fastify.server.on('checkExpectation', ({ headers }: IncomingMessage, response: ServerResponse) => {
      const message = 'Only 100-continue can be expected.'
      const problem = new Problem('MALFORMED_REQUEST', { statusCode: 417, message })
      const refusal = bareRefusal(problem, log(headers, problem))
      response.writeHead(problem.statusCode, refusal.headers).end(refusal.body)
    })

    fastify.server.on('connect', ({ headers }: IncomingMessage, socket: Duplex) => {
      const problem = new Problem('MALFORMED_REQUEST', { message: 'This is not a proxy.' })
      // Node hands the connection over without a listener, a time limit or an end: a client that has gone, or never
      // goes, is ours to deal with.
      socket.on('error', () => {})
      socket.end(rawAnswer(problem, log(headers, problem)), () => socket.destroy())
    })

    function log(headers: IncomingHttpHeaders, { statusCode, message }: Problem): string {
      const reqId = requestId(headers['x-request-id'])
      fastify.log.info({ reqId, statusCode }, message)
      return reqId
    }
  },
  { name: 'transport', dependencies: ['headers'] }
)
