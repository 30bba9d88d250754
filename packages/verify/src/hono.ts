import type { Context, MiddlewareHandler } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Claims } from './claims.ts'
import { type AdapterOptions, createGuards } from './guard.ts'
import type { Needs } from './needs.ts'
import { problemOf } from './problem.ts'

/** The options of `@latchkey/verify/hono`. */
export type HonoOptions = AdapterOptions<Context>
export type { VerifierOptions } from './index.ts'

/** `c.get('claims')` is there behind `authorize`, and nowhere else. */
export interface Authorized {
  Variables: { claims: Claims }
}

/**
 * Makes `authorize(needs)`: a middleware that requires a valid access token and what else the route needs, and sets
 * `claims` of the context. It answers refusals by itself.
 */
export default function latchkeyVerify(options: HonoOptions): (needs?: Needs) => MiddlewareHandler<Authorized> {
  const guard = createGuards(options)
  return (needs) => {
    const allow = guard(needs)
    return async (context, next) => {
      try {
        context.set('claims', await allow(context.req.header('authorization')))
      } catch (error) {
        const problem = problemOf(error)
        options.onRefusal?.(problem, context)
        return context.json(problem.toJSON(), problem.statusCode as ContentfulStatusCode, { ...problem.headers })
      }
      await next()
      return undefined
    }
  }
}
