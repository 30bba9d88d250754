import swagger from '@fastify/swagger'
import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { NoBody, REFUSALS } from '../../src/schemas/answers.ts'
import { SCHEMAS } from '../../src/schemas/shared.ts'
import { VERSION } from '../../src/version.ts'
import { nameComponents, type OpenApiDocument } from './name-components.ts'

const DESCRIPTION = `Registers users, signs them in, and issues JSON Web Tokens that any service can verify by itself.

All errors have the body \`Problem\`, whose \`code\` comes from a closed list. Unknown keys are refused, never ignored.`

/** Hides a route from the document of another application, which does not have the components that it refers to. */
const OUTSIDE = 'outside' as unknown as true

/** Generates the OpenAPI 3.1 document from the schemas of the routes. */
export default fp<AppOptions>(
  async (fastify, { insideAnother = false }) => {
    // Not by `addSchema`: an application around this one may have a schema of the same name, and lists those of all scopes in
    // its own document. The hooks of the document below come later.
    fastify.addHook('onReady', async () => {
      fastify.getSchemas = () => SCHEMAS
    })
    fastify.addHook('onRoute', (route) => {
      if (insideAnother && !route.schema?.hide) route.schema = { ...route.schema, hide: OUTSIDE }
    })

    await fastify.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Latchkey',
          version: VERSION,
          description: DESCRIPTION,
          license: { name: 'MIT', identifier: 'MIT' }
        },
        // Relative to the document, so that the reference works under any host name and path.
        servers: [{ url: '.' }],
        tags: [
          { name: 'accounts', description: 'Registering, signing in, and the account itself' },
          {
            name: 'mail',
            description: 'What is done by email: verifying an address, resetting a password'
          },
          { name: 'second factors', description: 'Authenticator apps, recovery codes, and the second step' },
          { name: 'passkeys', description: 'Registering passkeys, listing and deleting them' },
          { name: 'providers', description: 'Signing in with other providers' },
          { name: 'sessions', description: 'Refreshing tokens, signing out, and listing sessions' },
          { name: 'keys', description: 'Verifying tokens in other services' },
          { name: 'administration', description: 'Administration of accounts' },
          { name: 'service', description: 'Health, metrics and this document' }
        ],
        // None by default: each route that needs a token says so.
        security: [],
        components: {
          examples: REFUSALS,
          securitySchemes: {
            bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'an access token' },
            cookie: {
              type: 'apiKey',
              in: 'cookie',
              name: '__Host-refresh_token',
              description: 'the refresh token in browser mode'
            },
            introspection: { type: 'http', scheme: 'bearer', description: 'INTROSPECTION_KEY or a service key' },
            introspectionBasic: {
              type: 'http',
              scheme: 'basic',
              description: 'any client_id, and INTROSPECTION_KEY for its secret'
            },
            serviceKey: {
              type: 'http',
              scheme: 'bearer',
              description: 'a service key with the scope of the operation'
            },
            metrics: { type: 'http', scheme: 'bearer', description: 'METRICS_KEY, where one is set, or a service key' }
          }
        }
      },
      // A route without a body has no requestBody in the document.
      transform: ({ schema: { body, hide, ...schema }, url }) => ({
        schema: {
          ...schema,
          ...(hide && hide !== OUTSIDE && { hide }),
          ...(body !== undefined && body !== NoBody && { body })
        },
        // The server is the directory of the document.
        url: url.slice(fastify.prefix.length)
      }),
      transformObject: (generated) =>
        nameComponents((generated as unknown as { openapiObject: OpenApiDocument }).openapiObject) as object,
      // A relative server URL has no base path.
      stripBasePath: false,
      refResolver: { buildLocalReference: ({ $id }) => String($id) }
    })
  },
  { name: 'openapi' }
)
