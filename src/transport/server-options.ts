import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import {
  type FastifyBaseLogger,
  type FastifyHttpOptions,
  type FastifyReply,
  type FastifyRequest,
  LogController
} from 'fastify'
import type { Logger } from 'pino'
import { Problem } from '../errors.ts'
import { createRequestLogger } from '../observability/lazy-logger.ts'
import { requestId } from './request-id.ts'

/** For a browser that is led to take an answer for a page: it runs, loads and frames nothing. `/docs` has its own. */
const NO_PAGE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

/** The headers of every answer. Of helmet's set these are the ones that mean something where no HTML is served. */
export const commonHeaders = (id: string) => ({
  'x-request-id': id,
  'cache-control': 'no-store',
  'content-security-policy': NO_PAGE,
  'x-content-type-options': 'nosniff'
})

/** One line for each request, when it is over. No URL, header or body of a request reaches the log. */
class RequestLog extends LogController {
  override incomingRequest(): void {}

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    // With the id in the line itself: a logger of the request's own would cost more than the line.
    const log = request.server.log as Logger
    if (!log.isLevelEnabled('info')) return
    const { id: reqId, method, routeOptions } = request
    const { statusCode, elapsedTime: responseTime } = reply
    const line = { reqId, method, route: routeOptions.url, statusCode, responseTime }
    log.info(error ? { ...line, err: error } : line, error ? 'request broken off' : 'request completed')
  }

  override writeHeadError(error: Error, request: FastifyRequest): void {
    request.log.warn({ err: error }, 'the answer could not be written')
  }
}

/** What the log shows of an error. The database driver's further fields may hold a whole row. */
function describeError({ name, code, message, stack = '', cause }: Error & { code?: string }): ErrorDescription {
  return { type: name, code, message, stack, ...(cause instanceof Error && { cause: describeError(cause) }) }
}

interface ErrorDescription {
  [key: string]: unknown
  type: string
  message: string
  stack: string
}

/** What a request that the router could not take is answered with, such as `/%`: no hook of ours has seen it. */
function refuseUrl({ statusCode }: { statusCode?: number }, request: FastifyRequest, reply: FastifyReply): void {
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
function refuseConnection(this: { log: FastifyBaseLogger }, error: ClientError, socket: Socket): void {
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

/** A refusal for where there is no reply: its headers and its body; the connection ends with it. */
export function bareRefusal(problem: Problem, id: string) {
  const body = JSON.stringify(problem)
  const headers = {
    ...commonHeaders(id),
    ...problem.headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close'
  }
  return { headers, body }
}

/** The same as a whole HTTP/1.1 answer in text, for where there is not even a response object. */
export function rawAnswer(problem: Problem, id: string): string {
  const { headers, body } = bareRefusal(problem, id)
  const head = [
    `HTTP/1.1 ${problem.statusCode} ${STATUS_CODES[problem.statusCode]}`,
    ...Object.entries({ ...headers, date: new Date().toUTCString() }).map((header) => header.join(': '))
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

/** The Fastify server's options; `fastify start --options` reads them from app.ts. */
export const serverOptions = {
  bodyLimit: 16_384,
  // Starting may wait 30 s for the database, and then for another instance's migrations.
  pluginTimeout: 120_000,
  // While closing, plugins/transport/stopping.ts refuses in the contract's form.
  return503OnClosing: false,
  requestTimeout: 20_000,
  http: {
    headersTimeout: 10_000,
    connectionsCheckingInterval: 1_000,
    // Node's own refusal has no body: plugins/transport/transport.ts asks for the header instead.
    requireHostHeader: false
  },
  ajv: {
    customOptions: {
      // Fastify's defaults would strip unknown keys and turn "1" into 1.
      removeAdditional: false,
      coerceTypes: false,
      useDefaults: false,
      allErrors: true,
      // Our own, checked when they were written; checking them at each start takes time.
      validateSchema: false,
      // Faults are told in the words of their schema.
      verbose: true
    }
  },
  genReqId: ({ headers }: IncomingMessage) => requestId(headers['x-request-id']),
  logger: { serializers: { err: describeError } },
  logController: new RequestLog(),
  childLoggerFactory: createRequestLogger as unknown as NonNullable<FastifyHttpOptions<Server>['childLoggerFactory']>,
  frameworkErrors: refuseUrl,
  // Fastify binds it to the server.
  clientErrorHandler: refuseConnection as (error: NodeJS.ErrnoException, socket: Socket) => void
} satisfies FastifyHttpOptions<Server>
