import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyHttpOptions } from 'fastify'
import { BODY_LIMIT } from '../http/validation.ts'
import { describeError, RequestLog } from '../observability/request-log.ts'
import { refuseConnection, refuseUrl } from './parse-errors.ts'
import { requestId } from './request-id.ts'

/** Options of the Fastify server. `fastify start --options` reads them from app.ts. */
export const serverOptions = {
  // The start may wait 30 s for the database, and then for the migrations of another instance.
  pluginTimeout: 120_000,
  // plugins/transport/draining.ts refuses with the error body of the API instead.
  return503OnClosing: false,
  requestTimeout: 20_000,
  http: {
    headersTimeout: 10_000,
    connectionsCheckingInterval: 1_000,
    // Node's refusal has no body: plugins/transport/transport.ts requires the header instead.
    requireHostHeader: false
  },
  // These two apply to unknown routes; plugins/http/request-rules.ts sets them for all others.
  bodyLimit: BODY_LIMIT,
  genReqId: ({ headers }: IncomingMessage) => requestId(headers['x-request-id']),
  logger: { serializers: { err: describeError } },
  logController: new RequestLog(),
  frameworkErrors: refuseUrl,
  // Fastify binds it to the server.
  clientErrorHandler: refuseConnection as (error: NodeJS.ErrnoException, socket: Socket) => void
} satisfies FastifyHttpOptions<Server>
