import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { throttle } from '../../src/concurrency/throttle.ts'
import { type Code, Problem } from '../../src/errors.ts'

/** Turns every error of a request into the one error body. */
export default fp(
  async (fastify) => {
    const report = createReport()
    fastify.setErrorHandler((error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      const problem = toProblem(error, request)
      if (problem.statusCode >= 500) report(problem, request)
      const { pageOf } = request.routeOptions.config
      reply.code(problem.statusCode).headers(problem.headers)
      return pageOf ? pageOf(problem, request, reply) : reply.send(problem.toJSON())
    })
  },
  { name: 'errors' }
)

function toProblem(error: FastifyError, { body }: FastifyRequest): Problem {
  if (error.validationContext === 'body' && body === undefined) {
    return new Problem('MALFORMED_REQUEST', { message: 'A JSON body is needed here.' })
  }
  if (error instanceof Problem) return error
  switch (error.statusCode) {
    case 413:
      return new Problem('BODY_TOO_LARGE')
    case 415:
      return new Problem('UNSUPPORTED_MEDIA_TYPE')
    case 400:
      return new Problem('MALFORMED_REQUEST')
    default:
      return new Problem('INTERNAL', { cause: error })
  }
}

type Report = (problem: Problem, request: FastifyRequest) => void

/**
 * Logs every internal error. Expected conditions, such as an unavailable database or a full queue, are logged from time to
 * time while they last: each request has its own line in the log anyway.
 */
function createReport(): Report {
  const throttled = new Map<Code, Report>()

  return (problem, request) => {
    const { code, cause } = problem
    if (code === 'INTERNAL') return request.log.error({ err: cause }, 'internal error')
    const tell = throttled.get(code) ?? throttle(warn)
    throttled.set(code, tell)
    tell(problem, request)
  }
}

function warn(others: number, { code, message, cause }: Problem, { log }: FastifyRequest): void {
  log.warn({ code, err: cause, ...(others > 0 && { others }) }, message)
}
