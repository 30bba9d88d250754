import helmet from '@fastify/helmet'
import swaggerUi from '@fastify/swagger-ui'
import fp from 'fastify-plugin'
import { Problem } from '../src/errors.ts'
import { Nothing } from '../src/schemas.ts'

/** Swagger UI fetches the document, sets inline styles and draws its icons as data; it needs nothing else. */
const CONTENT_SECURITY_POLICY = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    baseUri: ["'none'"],
    connectSrc: ["'self'"],
    fontSrc: ["'self'", 'data:'],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
    imgSrc: ["'self'", 'data:'],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"]
  }
}

/** What of Swagger UI is served. It has more: the document again, and the same page under other paths. */
const PAGES = new Set(['/docs', '/docs/static/*', '/docs/static/swagger-initializer.js'])

/** The API reference at /docs. It is the one place that serves HTML, and so the one that has all of helmet's headers. */
export default fp(
  async (fastify) => {
    await fastify.register(async (scope) => {
      scope.addHook('onRoute', (route) => {
        route.schema = { ...route.schema, querystring: Nothing }
        if (!PAGES.has(route.url)) route.onRequest = absent
      })
      await scope.register(helmet, {
        contentSecurityPolicy: CONTENT_SECURITY_POLICY,
        xFrameOptions: { action: 'deny' }
      })
      scope.addHook('onRequest', async (_request, reply) => {
        reply.header('cache-control', 'public, max-age=3600')
      })
      await scope.register(swaggerUi, {
        routePrefix: '/docs',
        uiConfig: { url: '/openapi.json', validatorUrl: null, deepLinking: true },
        theme: { title: 'Latchkey' }
      })
    })
  },
  { name: 'docs', dependencies: ['headers', 'not-found', 'openapi'] }
)

async function absent(): Promise<never> {
  throw new Problem('NOT_FOUND')
}
