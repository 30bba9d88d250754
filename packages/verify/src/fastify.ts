import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import { readAuthorization } from './bearer.ts'
import type { Claims } from './claims.ts'
import { type AdapterOptions, createGuards } from './guard.ts'
import type { Needs } from './needs.ts'
import { type Problem, problemOf } from './problem.ts'

/** The options of `@latchkey/verify/fastify`. */
export type FastifyOptions = AdapterOptions<FastifyRequest>
export type { VerifierOptions } from './index.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * An onRequest hook: requires a valid access token and what else the route needs, and sets `request.claims`. It
     * answers refusals by itself.
     */
    authorize(needs?: Needs): (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void
  }
  interface FastifyRequest {
    /** The claims of the access token, behind `authorize`. On other routes, reading them is an error. */
    readonly claims: Claims
  }
}

/** The claims of each request: the decorator only reads them. */
const claimsOf = new WeakMap<FastifyRequest, Claims>()

/** The answer has the code; the log of the request also says why. */
function logRefusal({ code, reason }: Problem, { log }: FastifyRequest): void {
  log.info({ code, reason }, 'the request was refused')
}

/** Adds `authorize` and `request.claims` to an application. */
async function latchkeyVerify(fastify: FastifyInstance, options: FastifyOptions): Promise<void> {
  const onFetchError = (reason: unknown) => fastify.log.error({ err: reason }, 'the keys of tokens cannot be fetched')
  const { onRefusal = logRefusal } = options
  const guard = createGuards({ onFetchError, ...options })

  fastify.decorateRequest('claims', {
    getter() {
      const claims = claimsOf.get(this)
      if (!claims) throw new Error('request.claims is only there behind authorize')
      return claims
    }
  })

  fastify.decorate('authorize', (needs) => {
    const allow = guard(needs)
    // With a callback rather than a promise: a token that was verified before needs to wait for nothing.
    return (request, reply, done) => {
      const accept = (claims: Claims) => {
        claimsOf.set(request, claims)
        done()
      }
      const refuse = (error: unknown) => {
        try {
          const problem = problemOf(error)
          onRefusal(problem, request)
          reply.code(problem.statusCode).headers(problem.headers).send(problem.toJSON())
        } catch (fault) {
          done(fault as Error)
        }
      }
      let claims: Claims | Promise<Claims>
      try {
        claims = allow(readAuthorization(request.raw))
      } catch (error) {
        refuse(error)
        return
      }
      if (claims instanceof Promise) claims.then(accept, refuse)
      else accept(claims)
    }
  })
}

// What fastify-plugin sets: the decorators are those of the application, not of a scope of their own.
export default Object.assign(latchkeyVerify, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: '@latchkey/verify',
  [Symbol.for('plugin-meta')]: { name: '@latchkey/verify', fastify: '5.x' }
})
