import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { bareRefusal, rawAnswer } from '../../src/transport/raw-response.ts'
import { requestId } from '../../src/transport/request-id.ts'

/** Of these Node takes the first, where a proxy before it may have taken the last (RFC 9112 §3.2, RFC 9110 §5.3). */
const SINGLE = ['host', 'content-type']

/** How many bytes of cookies a request may have, in all its Cookie headers, which Node joins (RFC 6585 §5). */
const MOST_COOKIES = 8192

/** What Node's HTTP server would let pass, or answer by itself and without our body (RFC 9110 §10.1.1 and §9.3.6). */
export default fp(
  async (fastify) => {
    fastify.addHook('onRequest', ({ raw }, _reply, done) => {
      if (Number(raw.headers.cookie?.length) > MOST_COOKIES) {
        done(new Problem('MALFORMED_REQUEST', { statusCode: 431, message: 'The Cookie header is too large.' }))
        return
      }
      const message = faultOf(raw)
      if (message === undefined) done()
      // What follows on the connection may be read otherwise too.
      else done(new Problem('MALFORMED_REQUEST', { message, headers: { connection: 'close' } }))
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
  { name: 'transport' }
)

/** HTTP/0.9 and 2.0 pass Node's parser, and another one before it may have read them otherwise (RFC 9112 §2.3). */
const VERSIONS = ['1.1', '1.0']

function faultOf({ headers, httpVersion, method, rawHeaders, url }: IncomingMessage): string | undefined {
  if (!VERSIONS.includes(httpVersion)) return 'The service speaks HTTP/1.1 and HTTP/1.0.'
  if (headers.host === undefined && httpVersion === '1.1') return 'The Host header is missing.'
  // RFC 9112 §3.2.4; the router takes it for /.
  if (url === '*' && method !== 'OPTIONS') return 'Only OPTIONS can be asked of the whole server.'
  // Node reads the body of another coding as if it had none (RFC 9112 §6.1).
  const { 'transfer-encoding': coding } = headers
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return 'The only transfer coding is chunked.'
  // Most requests repeat none, and are not looked at closer.
  if (rawHeaders.length === 2 * Object.keys(headers).length) return undefined
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  const repeated = SINGLE.find((name) => names.indexOf(name) !== names.lastIndexOf(name))
  return repeated && `There is more than one ${repeated} header.`
}
