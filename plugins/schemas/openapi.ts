import swagger from '@fastify/swagger'
import fp from 'fastify-plugin'
import { NoBody } from '../../src/schemas/answers.ts'
import { SHARED } from '../../src/schemas/shared.ts'
import { VERSION } from '../../src/version.ts'

const DESCRIPTION = `Registers people, signs them in, and gives them JSON Web Tokens that any service verifies without asking back.

Every refusal has the one body \`Problem\`, whose \`code\` comes from a closed list. An unknown key is refused, never ignored.`

/** The OpenAPI 3.1 document, made from the routes' own schemas. */
export default fp(
  async (fastify) => {
    for (const schema of SHARED) fastify.addSchema(schema)

    await fastify.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Latchkey',
          version: VERSION,
          description: DESCRIPTION,
          license: { name: 'MIT', identifier: 'MIT' }
        },
        // Relative to the document, so that the reference works by whatever name and path the service is called.
        servers: [{ url: '.' }],
        tags: [
          { name: 'accounts', description: 'Registering, signing in, and what is behind it' },
          {
            name: 'mail',
            description: 'What is done by way of the email address: verifying, choosing another password'
          },
          { name: 'sessions', description: 'Staying signed in, signing out, and where one is signed in' },
          { name: 'keys', description: 'What other services verify tokens with' },
          { name: 'service', description: 'Health, metrics and this document' }
        ],
        // Routes that need a token say so themselves.
        security: [],
        components: {
          securitySchemes: {
            bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'an access token' },
            cookie: {
              type: 'apiKey',
              in: 'cookie',
              name: '__Host-refresh_token',
              description: 'the refresh token in browser mode'
            },
            introspection: { type: 'http', scheme: 'bearer', description: 'INTROSPECTION_KEY' },
            introspectionBasic: {
              type: 'http',
              scheme: 'basic',
              description: 'any client_id, and INTROSPECTION_KEY for its secret'
            },
            metrics: { type: 'http', scheme: 'bearer', description: 'METRICS_KEY, where one is set' }
          }
        }
      },
      // That a route takes no body is said by saying nothing.
      transform: ({ schema: { body, ...schema }, url }) => ({
        schema: body === undefined || body === NoBody ? schema : { ...schema, body },
        url
      }),
      // There is none in a relative server URL.
      stripBasePath: false,
      refResolver: { buildLocalReference: ({ $id }) => String($id) }
    })
  },
  { name: 'openapi', dependencies: ['config'] }
)
