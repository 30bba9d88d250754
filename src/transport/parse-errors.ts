import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import { commonHeaders, rawAnswer } from './raw-response.ts'
import { requestId } from './request-id.ts'

/** What a request that the router could not take is answered with, such as `/%`: no hook of ours has seen it. */
export function refuseUrl({ statusCode }: { statusCode?: number }, request: FastifyRequest, reply: FastifyReply): void {
  const problem = new Problem('MALFORMED_REQUEST', {
    message: 'The URL could not be read.',
    ...(statusCode !== undefined && { statusCode })
  })
  request.log.info({ method: request.method, statusCode: problem.statusCode }, 'refused a URL')
  reply.code(problem.statusCode).headers(commonHeaders(request.id)).send(problem.toJSON())
}

/** The statuses for what Node's parser refuses; anything else is a plain 400. */
const PARSER_STATUSES: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408
}

/** What Node's parser tells of a connection, with the bytes that it read last. */
interface ClientError extends NodeJS.ErrnoException {
  rawPacket?: Buffer
}

/** Answers a connection on which no request could be read, as Node would, but with our body and headers. */
export function refuseConnection(this: { log: FastifyBaseLogger }, error: ClientError, socket: Socket): void {
  const { code = '', rawPacket } = error
  const answering = (socket as Socket & { _httpMessage?: ServerResponse })._httpMessage
  // What came whole before is carried out, and whoever asked for it has to learn so. Node then closes the connection.
  if (code !== 'ECONNRESET' && socket.writable && answering?.req.complete && !answering.headersSent) {
    answering.shouldKeepAlive = false
    return
  }
  if (code !== 'ECONNRESET' && socket.writable && !answering?.headersSent) {
    const statusCode = PARSER_STATUSES[code] ?? 400
    const reqId = requestId(answering?.req.headers['x-request-id'])
    this.log.info({ reqId, statusCode, code }, 'refused what is not a request')
    const answer = rawAnswer(new Problem('MALFORMED_REQUEST', { statusCode }), reqId)
    // HEAD has no body (RFC 9110 §9.3.2); where a request came in many pieces, its method is not to be seen any more.
    const isHead = rawPacket?.toString('latin1', 0, 5) === 'HEAD '
    socket.write(isHead ? answer.slice(0, answer.indexOf('\r\n\r\n') + 4) : answer)
  }
  socket.destroySoon()
}
