import type { FastifyRequest, HTTPMethods, onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { Problem } from '../../src/errors.ts'

/** Refuses an unknown path or method before the body is read. */
export default fp<AppOptions>(
  async (fastify, { insideAnother = false }) => {
    function refusal({ url }: FastifyRequest): Problem {
      const allowed = fastify.allowedMethods(url)
      if (allowed.length === 0) return new Problem('NOT_FOUND')
      return new Problem('METHOD_NOT_ALLOWED', { headers: { allow: allowed.join(', ') } })
    }

    const isUnknown = ({ is404, method, params }: FastifyRequest) =>
      // An empty parameter means a trailing slash, which makes it another path.
      is404 || method === 'OPTIONS' || Object.values(params as object).includes('')

    // The router of another application may take paths in any letter case, or with more slashes.
    const isUnknownInside = ({ method, url }: FastifyRequest) =>
      method === 'OPTIONS' || !fastify.allowedMethods(url).includes(method)

    const refuseUnknown =
      (isUnknown: (request: FastifyRequest) => boolean): onRequestHookHandler =>
      (request, _reply, done) => {
        done(isUnknown(request) ? refusal(request) : undefined)
      }
    fastify.addHook('onRequest', refuseUnknown(insideAnother ? isUnknownInside : isUnknown))

    const handler = () => {
      throw new Problem('NOT_FOUND')
    }
    fastify.setNotFoundHandler(handler)

    if (!insideAnother) return
    // Otherwise a wildcard route of the other application would take what is unknown here.
    const methods = fastify.supportedMethods as HTTPMethods[]
    const unknown = { schema: { hide: true }, config: { catchAll: true as const }, handler }
    fastify.route({ ...unknown, method: methods, url: '/*' })
    fastify.route({ ...unknown, method: methods.filter((method) => !['GET', 'HEAD'].includes(method)), url: '/' })
  },
  { name: 'not-found', dependencies: ['allowed-methods'] }
)
