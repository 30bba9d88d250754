import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyHttpOptions } from 'fastify'
import { BODY_LIMIT } from '../http/validation.ts'
import { describeError, RequestLog } from '../observability/request-log.ts'
import { refuseConnection, refuseUrl } from './parse-errors.ts'
import { requestId } from './request-id.ts'

/** The Fastify server's options; `fastify start --options` reads them from app.ts. */
export const serverOptions = {
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
  // For requests without a route of ours; plugins/http/request-rules.ts has both for the others.
  bodyLimit: BODY_LIMIT,
  genReqId: ({ headers }: IncomingMessage) => requestId(headers['x-request-id']),
  logger: { serializers: { err: describeError } },
  logController: new RequestLog(),
  frameworkErrors: refuseUrl,
  // Fastify binds it to the server.
  clientErrorHandler: refuseConnection as (error: NodeJS.ErrnoException, socket: Socket) => void
} satisfies FastifyHttpOptions<Server>
