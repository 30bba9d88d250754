import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts requests from an origin that is neither our own nor in CORS_ORIGINS, since the start. */
    corsRefusals: { total: number }
  }
}

/**
 * The request headers that a frontend may send. Most are ignored here: browser tracing adds them to every request, and a
 * preflight that refuses one of them blocks the request (W3C Trace Context and Baggage, Sentry, Zipkin, Datadog, New Relic;
 * X-Requested-With of older libraries).
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

/** What a frontend may read of an answer (Fetch §3.3.3). */
const SHARED = {
  'access-control-allow-credentials': 'true',
  'access-control-expose-headers': 'x-request-id, retry-after, www-authenticate'
}

const PREFLIGHT = {
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
  'access-control-allow-headers': ALLOWED_HEADERS.join(', '),
  'access-control-max-age': '600'
}

/** Allows the exact origins of CORS_ORIGINS to call from a browser. */
export default fp(
  async (fastify) => {
    const origins = new Set(fastify.config.CORS_ORIGINS)
    const ours = new URL(fastify.config.PUBLIC_URL).origin
    const refusals = { total: 0 }
    fastify.decorate('corsRefusals', refusals)

    // The browser does not tell its user the reason, and the request log shows only a 404 or 405 for OPTIONS.
    fastify.addHook('onRequest', ({ headers: { origin, host }, log }, _reply, done) => {
      if (origin !== undefined && origin !== ours && !origins.has(origin) && !isSameHost(host, origin)) {
        refusals.total += 1
        log.debug({ origin: origin.slice(0, 100).replaceAll(/[^!-~]/g, '?') }, 'the origin is not in CORS_ORIGINS')
      }
      done()
    })

    if (origins.size === 0) return

    // Only a preflight for an existing path is answered; any other OPTIONS is refused as a method that no route has.
    const isPreflight = ({ method, headers, url }: FastifyRequest) =>
      method === 'OPTIONS' &&
      headers['access-control-request-method'] !== undefined &&
      fastify.allowedMethods(url).length > 0

    // Not @fastify/cors: an application has it once at most, and this may be inside one that has it.
    fastify.addHook('onRequest', (request, reply, done) => {
      const { headers, routeOptions } = request
      addVary(reply)
      // A page is shown to people: no frontend reads it.
      if (routeOptions.config.pageOf !== undefined || !origins.has(String(headers.origin))) return done()
      reply.headers({ ...SHARED, 'access-control-allow-origin': headers.origin })
      if (!isPreflight(request)) return done()
      // Some browsers wait for a body without Content-Length.
      reply
        .code(204)
        .headers({ ...PREFLIGHT, 'content-length': '0' })
        .send()
    })
  },
  { name: 'cors', dependencies: ['allowed-methods', 'config'] }
)

/** Whether the request goes to the host that the page came from, under whatever name. */
const isSameHost = (host: string | undefined, origin: string) => [`http://${host}`, `https://${host}`].includes(origin)

/** The answer depends on the origin: caches must know (Fetch §3.3.5). */
function addVary(reply: FastifyReply): void {
  const others = [reply.getHeader('vary') ?? []].flat().map(String)
  reply.header('vary', [...others.filter((name) => !/\borigin\b/i.test(name)), 'Origin'].join(', '))
}
