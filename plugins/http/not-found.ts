import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'

/** Refuses a path or a method that no route has, before anything of the request's body is read. */
export default fp(
  async (fastify) => {
    function refusal({ url }: FastifyRequest): Problem {
      const allowed = fastify.allowedMethods(url)
      if (allowed.length === 0) return new Problem('NOT_FOUND')
      return new Problem('METHOD_NOT_ALLOWED', { headers: { allow: allowed.join(', ') } })
    }

    fastify.addHook('onRequest', (request, _reply, done) => {
      const { is404, method, params } = request
      // A parameter that is empty is a trailing slash, and so another path.
      const isOther = is404 || method === 'OPTIONS' || Object.values(params as object).includes('')
      done(isOther ? refusal(request) : undefined)
    })

    // For a plugin's own handler that finds nothing, such as those of @fastify/cors.
    fastify.setNotFoundHandler(() => {
      throw new Problem('NOT_FOUND')
    })
  },
  { name: 'not-found', dependencies: ['allowed-methods'] }
)
