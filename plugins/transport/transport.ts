import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { bareRefusal, rawAnswer } from '../../src/transport/raw-response.ts'
import { requestId } from '../../src/transport/request-id.ts'

/** Headers that must not repeat: Node uses the first, where a proxy may have used the last (RFC 9112 §3.2, RFC 9110 §5.3). */
const SINGLE = ['host', 'content-type']

/** The limit for all Cookie headers of a request together, which Node joins, in bytes (RFC 6585 §5). */
const MAX_COOKIE_BYTES = 8192

/**
 * Refuses requests that Node's HTTP server would accept, or would answer by itself without the body of our errors
 * (RFC 9110 §10.1.1 and §9.3.6).
 */
export default fp(
  async (fastify) => {
    fastify.addHook('onRequest', ({ raw }, _reply, done) => {
      if (Number(raw.headers.cookie?.length) > MAX_COOKIE_BYTES) {
        done(new Problem('MALFORMED_REQUEST', { statusCode: 431, message: 'The Cookie header is too large.' }))
        return
      }
      const message = faultOf(raw)
      if (message === undefined) done()
      // A proxy may also parse the following requests on the connection differently.
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
      // Node hands over the socket without an error listener and without a timeout.
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

/** Node's parser also accepts HTTP/0.9 and 2.0, which a proxy may parse differently (RFC 9112 §2.3). */
const VERSIONS = ['1.1', '1.0']

function faultOf({ headers, httpVersion, method, rawHeaders, url }: IncomingMessage): string | undefined {
  if (!VERSIONS.includes(httpVersion)) return 'The service speaks HTTP/1.1 and HTTP/1.0.'
  if (headers.host === undefined && httpVersion === '1.1') return 'The Host header is missing.'
  // RFC 9112 §3.2.4: the router treats it as /.
  if (url === '*' && method !== 'OPTIONS') return 'The target * is only for OPTIONS.'
  // Node ignores other codings and reads the body as if it were not encoded (RFC 9112 §6.1).
  const { 'transfer-encoding': coding } = headers
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return 'The only transfer coding is chunked.'
  // The common case: no header is repeated.
  if (rawHeaders.length === 2 * Object.keys(headers).length) return undefined
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  const repeated = SINGLE.find((name) => names.indexOf(name) !== names.lastIndexOf(name))
  return repeated && `There is more than one ${repeated} header.`
}
