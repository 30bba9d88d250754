import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { parseForm } from '../src/form.ts'
import { BODY, Introspection, Nothing, refusals, TokenStateAnswer } from '../src/schemas.ts'
import { requireKey } from '../src/tokens.ts'

const FORM = 'application/x-www-form-urlencoded'

const schema = {
  operationId: 'introspect',
  summary: 'What is a token worth?',
  description: `For services that must know at once that a session is over (RFC 7662). An access token or a refresh token is active as long as
it would be taken.`,
  tags: ['keys'],
  security: [{ introspection: [] }],
  querystring: Nothing,
  consumes: ['application/json', FORM],
  body: Introspection,
  response: {
    200: TokenStateAnswer,
    ...refusals(...BODY, 'TOKEN_MISSING', 'TOKEN_INVALID', 'DATABASE_UNAVAILABLE')
  }
}

/** Where no key is configured, nobody may ask and there is no such route. */
const introspect: FastifyPluginAsyncTypebox = async (fastify) => {
  const { INTROSPECTION_KEY } = fastify.config
  if (INTROSPECTION_KEY === undefined) return

  fastify.addContentTypeParser(FORM, { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => {
    return body.length === 0 ? undefined : parseForm(body)
  })
  fastify.addHook('onRequest', async ({ headers }) => requireKey(headers.authorization, INTROSPECTION_KEY))

  fastify.post('/introspect', { schema }, ({ body, database }) => fastify.introspect(database, body.token))
}

export default introspect
