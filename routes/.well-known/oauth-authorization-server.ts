import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { createDocument } from '../../src/http/document.ts'
import { NOT_MODIFIED, Nothing, refusals } from '../../src/schemas/answers.ts'
import { AuthorizationServer, type AuthorizationServerAnswer } from '../../src/schemas/tokens.ts'

const schema = {
  operationId: 'authorizationServer',
  summary: 'Where the keys are',
  description: `The metadata of the service (RFC 8414), with which API gateways and libraries find its keys. The service
issues tokens to its own frontends and has no endpoints for authorization: \`response_types_supported\`, which the RFC
requires, and \`grant_types_supported\`, whose default would be others, are empty.`,
  tags: ['keys'],
  querystring: Nothing,
  response: { 200: AuthorizationServer, ...NOT_MODIFIED, ...refusals() }
}

const PATH = '/oauth-authorization-server'

const authorizationServer: FastifyPluginAsyncTypebox = async (fastify) => {
  const { PUBLIC_URL, INTROSPECTION_KEY } = fastify.config
  const metadata: AuthorizationServerAnswer = {
    issuer: PUBLIC_URL,
    jwks_uri: `${PUBLIC_URL}/.well-known/jwks.json`,
    response_types_supported: [],
    grant_types_supported: [],
    ...(INTROSPECTION_KEY !== undefined && {
      introspection_endpoint: `${PUBLIC_URL}/introspect`,
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'Bearer']
    })
  }
  const document = createDocument('application/json; charset=utf-8', JSON.stringify(metadata))

  const serve = (path: string, more: object) =>
    fastify.get(path, { schema: { ...schema, ...more } }, async (_request, reply) =>
      reply.header('cache-control', 'public, max-age=300').document(document)
    )

  serve(PATH, {})
  // Clients of an issuer with a path look for it between host and path (RFC 8414 §3.1). A colon or an asterisk would be
  // a pattern of the router.
  const { pathname } = new URL(PUBLIC_URL)
  if (/^\/[\w./~-]*[\w~-]$/.test(pathname)) serve(`${PATH}${pathname}`, { hide: true })
}

export default authorizationServer
