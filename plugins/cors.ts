import cors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

/** Lets the frontends of CORS_ORIGINS, named exactly, call from a browser; without any, nothing here exists. */
export default fp(
  async (fastify) => {
    const origins = new Set(fastify.config.CORS_ORIGINS)
    if (origins.size === 0) return

    // A preflight is answered for a path that exists; any other OPTIONS is a method like one that no route has.
    const isPreflight = ({ headers, url }: FastifyRequest) =>
      headers['access-control-request-method'] !== undefined && fastify.allowedMethods(url).length > 0

    function permit(request: FastifyRequest, callback: (error: Error | null, options: FastifyCorsOptions) => void) {
      callback(null, {
        origin: origins.has(String(request.headers.origin)),
        preflight: isPreflight(request),
        strictPreflight: false,
        credentials: true,
        methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
        allowedHeaders: ['authorization', 'content-type', 'x-request-id'],
        exposedHeaders: ['x-request-id', 'retry-after', 'www-authenticate'],
        maxAge: 600
      })
    }

    await fastify.register(cors, { delegator: permit })
  },
  { name: 'cors', dependencies: ['allowed-methods', 'config', 'errors', 'headers'] }
)
