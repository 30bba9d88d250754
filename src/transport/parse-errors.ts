import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import { commonHeaders, rawAnswer } from './raw-response.ts'
import { requestId } from './request-id.ts'

/** Answers a request with a URL that the router cannot parse, such as `/%`. Hooks do not run for it. */
export function refuseUrl({ statusCode }: { statusCode?: number }, request: FastifyRequest, reply: FastifyReply): void {
  const problem = new Problem('MALFORMED_REQUEST', {
    message: 'The URL could not be read.',
    ...(statusCode !== undefined && { statusCode })
  })
  request.log.info({ method: request.method, statusCode: problem.statusCode }, 'refused a URL')
  reply.code(problem.statusCode).headers(commonHeaders(request.id)).send(problem.toJSON())
}

/** The status for each error code of Node's HTTP parser; 400 for all others. */
const PARSER_STATUSES: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408
}

/** An error of Node's `clientError` event. */
interface ClientError extends NodeJS.ErrnoException {
  /** The last bytes that were read. */
  rawPacket?: Buffer
}

/** Answers a malformed request with the error body and the common headers, and closes the connection. */
export function refuseConnection(this: { log: FastifyBaseLogger }, error: ClientError, socket: Socket): void {
  const { code = '', rawPacket } = error
  const answering = (socket as Socket & { _httpMessage?: ServerResponse })._httpMessage
  // An earlier, complete request is still being handled: its client gets the response. Node then closes the connection.
  if (code !== 'ECONNRESET' && socket.writable && answering?.req.complete && !answering.headersSent) {
    answering.shouldKeepAlive = false
    return
  }
  if (code !== 'ECONNRESET' && socket.writable && !answering?.headersSent) {
    const statusCode = PARSER_STATUSES[code] ?? 400
    const reqId = requestId(answering?.req.headers['x-request-id'])
    this.log.info({ reqId, statusCode, code }, 'refused a malformed request')
    const answer = rawAnswer(new Problem('MALFORMED_REQUEST', { statusCode }), reqId)
    // HEAD has no body (RFC 9110 §9.3.2). Best effort: the last packet has the method only if the request is in one packet.
    const isHead = rawPacket?.toString('latin1', 0, 5) === 'HEAD '
    socket.write(isHead ? answer.slice(0, answer.indexOf('\r\n\r\n') + 4) : answer)
  }
  socket.destroySoon()
}
