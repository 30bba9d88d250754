import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'

/** Logs one line when a request ends, without its URL, headers or body. */
export class RequestLog extends LogController {
  override incomingRequest(): void {}

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    const { log, method, routeOptions } = request
    const { statusCode, elapsedTime: responseTime } = reply
    const line = { method, route: routeOptions.url, statusCode, responseTime }
    log.info(error ? { ...line, err: error } : line, error ? 'request aborted' : 'request completed')
  }

  override writeHeadError(error: Error, request: FastifyRequest): void {
    request.log.warn({ err: error }, 'the response could not be written')
  }
}

/** Serializes an error for the log. Omits other fields: those of the database driver may contain a row. */
export function describeError({ name, code, message, stack = '', cause }: Error & { code?: string }): ErrorDescription {
  return { type: name, code, message, stack, ...(cause instanceof Error && { cause: describeError(cause) }) }
}

interface ErrorDescription {
  [key: string]: unknown
  type: string
  message: string
  stack: string
}
