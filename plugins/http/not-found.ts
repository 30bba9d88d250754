import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'

/** Refuses an unknown path or method before the body is read. */
export default fp(
  async (fastify) => {
    function refusal({ url }: FastifyRequest): Problem {
      const allowed = fastify.allowedMethods(url)
      if (allowed.length === 0) return new Problem('NOT_FOUND')
      return new Problem('METHOD_NOT_ALLOWED', { headers: { allow: allowed.join(', ') } })
    }

    fastify.addHook('onRequest', (request, _reply, done) => {
      const { is404, method, params } = request
      // An empty parameter means a trailing slash, which makes it another path.
      const isUnknown = is404 || method === 'OPTIONS' || Object.values(params as object).includes('')
      done(isUnknown ? refusal(request) : undefined)
    })

    // For handlers of other plugins that call `callNotFound`, such as those of @fastify/cors.
    fastify.setNotFoundHandler(() => {
      throw new Problem('NOT_FOUND')
    })
  },
  { name: 'not-found', dependencies: ['allowed-methods'] }
)
