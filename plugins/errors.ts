import type { ErrorObject } from 'ajv'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../src/errors.ts'
import { describeFaults } from '../src/validation.ts'

/** Turns everything that can go wrong in a request into the one error body. */
export default fp(
  async (fastify) => {
    fastify.setErrorHandler((error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      const problem = toProblem(error, request)
      if (problem.statusCode >= 500) report(problem, request)
      const { pageOf } = request.routeOptions.config
      reply.code(problem.statusCode).headers(problem.headers)
      return reply.send(pageOf ? pageOf(problem, request, reply) : problem.toJSON())
    })
  },
  { name: 'errors' }
)

function toProblem(error: FastifyError, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error
  if (error.validation) return invalid(error, request)
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

function invalid({ validation, validationContext }: FastifyError, { body }: FastifyRequest): Problem {
  if (validationContext === 'body' && body === undefined) {
    return new Problem('MALFORMED_REQUEST', { message: 'A JSON body is needed here.' })
  }
  return new Problem('VALIDATION_FAILED', { errors: describeFaults(validation as unknown as ErrorObject[]) })
}

/** A fault of ours is an error; a database that is away, or a full queue, is expected now and then. */
function report(problem: Problem, { log }: FastifyRequest): void {
  if (problem.code === 'INTERNAL') log.error({ err: problem.cause }, 'internal error')
  else log.warn({ code: problem.code, err: problem.cause }, problem.message)
}
