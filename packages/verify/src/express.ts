import type { Request, RequestHandler } from 'express'
import { readAuthorization } from './bearer.ts'
import type { Claims } from './claims.ts'
import { type AdapterOptions, createGuards } from './guard.ts'
import type { Needs } from './needs.ts'
import { problemOf } from './problem.ts'

/** The options of `@latchkey/verify/express`. */
export type ExpressOptions = AdapterOptions<Request>
export type { VerifierOptions } from './index.ts'

declare global {
  namespace Express {
    interface Request {
      /** The claims of the access token, behind `authorize`. */
      claims: Claims
    }
  }
}

/**
 * Makes `authorize(needs)`: a handler that requires a valid access token and what else the route needs, and sets
 * `request.claims`. It answers refusals by itself.
 */
export default function latchkeyVerify(options: ExpressOptions): (needs?: Needs) => RequestHandler {
  const guard = createGuards(options)
  return (needs) => {
    const allow = guard(needs)
    return async (request, response, next) => {
      try {
        request.claims = await allow(readAuthorization(request))
      } catch (error) {
        const problem = problemOf(error)
        options.onRefusal?.(problem, request)
        response.status(problem.statusCode).set(problem.headers).json(problem)
        return
      }
      next()
    }
  }
}
