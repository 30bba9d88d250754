import cors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** How many requests came from an origin that is neither ours nor in CORS_ORIGINS, since the start. */
    corsRefusals: { total: number }
  }
}

/**
 * What a frontend may send. Tracing in browsers adds headers to every request, and a preflight that is refused for one
 * takes the request along; none of these means anything here. (W3C Trace Context and Baggage, Sentry, Zipkin, Datadog,
 * New Relic; X-Requested-With of older libraries.)
 */
const ALLOWED_HEADERS = [
  'authorization',
  'content-type',
  'x-request-id',
  'traceparent',
  'tracestate',
  'baggage',
  'sentry-trace',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
  'x-datadog-origin',
  'x-datadog-parent-id',
  'x-datadog-sampling-priority',
  'x-datadog-trace-id',
  'newrelic',
  'x-requested-with',
  'cache-control'
]

/** Lets the frontends of CORS_ORIGINS, named exactly, call from a browser. */
export default fp(
  async (fastify) => {
    const origins = new Set(fastify.config.CORS_ORIGINS)
    const ours = new URL(fastify.config.PUBLIC_URL).origin
    const refusals = { total: 0 }
    fastify.decorate('corsRefusals', refusals)

    // A browser tells its user no more than that something failed, and the request log that a path has no OPTIONS.
    fastify.addHook('onRequest', ({ headers: { origin, host }, log }, _reply, done) => {
      if (origin !== undefined && origin !== ours && !origins.has(origin) && !isOf(host, origin)) {
        refusals.total += 1
        log.debug({ origin: origin.slice(0, 100).replaceAll(/[^!-~]/g, '?') }, 'the origin is not in CORS_ORIGINS')
      }
      done()
    })

    // Without any, nothing more exists.
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
        allowedHeaders: ALLOWED_HEADERS,
        exposedHeaders: ['x-request-id', 'retry-after', 'www-authenticate'],
        maxAge: 600
      })
    }

    await fastify.register(cors, { delegator: permit })
  },
  { name: 'cors', dependencies: ['allowed-methods', 'config'] }
)

/** Whether a page of that origin asks the host that it came from, by whatever name that is. */
const isOf = (host: string | undefined, origin: string) => [`http://${host}`, `https://${host}`].includes(origin)
