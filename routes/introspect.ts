import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Problem } from '../src/errors.ts'
import { parseForm } from '../src/http/form-body.ts'
import { BODY, Nothing, refusals } from '../src/schemas/answers.ts'
import { Introspection, TokenStateAnswer } from '../src/schemas/tokens.ts'
import { authenticateByForm, authenticateByHeader } from '../src/tokens/client-secret.ts'

const FORM = 'application/x-www-form-urlencoded'

/** A client must not use two methods of authentication (RFC 6749 §2.3). */
const TWO_WAYS = { path: '/client_secret', message: 'must not be sent with an Authorization header' }

const schema = {
  operationId: 'introspect',
  summary: 'Introspect a token',
  description: `For services that must notice immediately that a session has ended (RFC 7662). An access token or a refresh
token is active if the service would accept it.

The caller authenticates with a service key with the scope \`introspect\`, as a bearer token, or with INTROSPECTION_KEY:
as a bearer token, or as the secret of an OAuth client with any \`client_id\`, by Basic (\`client_secret_basic\`) or in the
form (\`client_secret_post\`); in one of these ways only. Other parameters of the form are ignored (RFC 6749 §3.2). Without
INTROSPECTION_KEY there is nothing here for callers without a service key.`,
  tags: ['keys'],
  security: [{ introspection: [] }, { introspectionBasic: [] }],
  querystring: Nothing,
  consumes: ['application/json', FORM],
  body: Introspection,
  response: {
    200: TokenStateAnswer,
    ...refusals(
      ...BODY,
      'TOKEN_MISSING',
      'TOKEN_INVALID',
      'FORBIDDEN',
      'NOT_FOUND',
      'TOO_MANY_REQUESTS',
      'DATABASE_UNAVAILABLE'
    )
  }
}

/** The parameters of a form that are read. Others are ignored (RFC 6749 §3.2). */
const READ = ['token', 'token_type_hint']

const introspect: FastifyPluginAsyncTypebox = async (fastify) => {
  const { INTROSPECTION_KEY } = fastify.config

  /** Requests whose form may still contain the key. */
  const unauthenticated = new WeakSet<FastifyRequest>()

  fastify.addContentTypeParser(FORM, { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    if (body.length === 0) return undefined
    const { client_secret: secret, ...form } = parseForm(body)
    if (unauthenticated.has(request)) authenticateByForm(secret, INTROSPECTION_KEY as string)
    else if (secret !== undefined) throw new Problem('VALIDATION_FAILED', { errors: [TWO_WAYS] })
    unauthenticated.delete(request)
    return Object.fromEntries(Object.entries(form).filter(([name]) => READ.includes(name)))
  })
  fastify.addHook('onRequest', async (request) => {
    if (await fastify.serviceKeys.authorize(request, 'introspect')) return
    if (INTROSPECTION_KEY === undefined) throw new Problem('NOT_FOUND')
    const { authorization, 'content-type': type = '' } = request.headers
    if (authenticateByHeader(authorization, INTROSPECTION_KEY)) return
    if (!type.toLowerCase().startsWith(FORM)) throw new Problem('TOKEN_MISSING')
    unauthenticated.add(request)
  })
  fastify.addHook('preValidation', async (request) => {
    if (unauthenticated.has(request)) throw new Problem('TOKEN_MISSING')
  })
  // An unauthenticated caller gets 401 before any error about the body.
  fastify.setErrorHandler((error, request) => {
    const isRefused = error instanceof Problem && error.statusCode === 401
    throw unauthenticated.has(request) && !isRefused ? new Problem('TOKEN_MISSING') : error
  })

  fastify.post('/introspect', { schema }, ({ body, database }) => fastify.tokens.introspect(database, body.token))
}

export default introspect
