import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Problem } from '../src/errors.ts'
import { parseForm } from '../src/http/form-body.ts'
import { BODY, Nothing, refusals } from '../src/schemas/answers.ts'
import { Introspection, TokenStateAnswer } from '../src/schemas/tokens.ts'
import { authenticateByForm, authenticateByHeader } from '../src/tokens/client-secret.ts'

const FORM = 'application/x-www-form-urlencoded'

/** RFC 6749 §2.3. */
const TWO_WAYS = { path: '/client_secret', message: 'must not come beside an Authorization header' }

const schema = {
  operationId: 'introspect',
  summary: 'What is a token worth?',
  description: `For services that must know at once that a session is over (RFC 7662). An access token or a refresh token is active as long as
it would be taken.

The caller brings INTROSPECTION_KEY as a bearer token, or as the secret of an OAuth client with any \`client_id\`: by Basic
(\`client_secret_basic\`), or in the form as \`client_secret\` (\`client_secret_post\`), and in one of these ways alone. What else is
in a form is ignored (RFC 6749 §3.2).`,
  tags: ['keys'],
  security: [{ introspection: [] }, { introspectionBasic: [] }],
  querystring: Nothing,
  consumes: ['application/json', FORM],
  body: Introspection,
  response: {
    200: TokenStateAnswer,
    ...refusals(...BODY, 'TOKEN_MISSING', 'TOKEN_INVALID', 'DATABASE_UNAVAILABLE')
  }
}

/** What is read of a form; a client may add parameters of its own (RFC 6749 §3.2). */
const READ = ['token', 'token_type_hint']

/** Where no key is configured, nobody may ask and there is no such route. */
const introspect: FastifyPluginAsyncTypebox = async (fastify) => {
  const { INTROSPECTION_KEY } = fastify.config
  if (INTROSPECTION_KEY === undefined) return

  /** Requests that may still bring the key in their form. */
  const unauthenticated = new WeakSet<FastifyRequest>()

  fastify.addContentTypeParser(FORM, { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    if (body.length === 0) return undefined
    const { client_secret: secret, ...form } = parseForm(body)
    if (unauthenticated.has(request)) authenticateByForm(secret, INTROSPECTION_KEY)
    else if (secret !== undefined) throw new Problem('VALIDATION_FAILED', { errors: [TWO_WAYS] })
    unauthenticated.delete(request)
    return Object.fromEntries(Object.entries(form).filter(([name]) => READ.includes(name)))
  })
  fastify.addHook('onRequest', async (request) => {
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
