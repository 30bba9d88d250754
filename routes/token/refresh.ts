import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, Nothing, refusals } from '../../src/schemas/answers.ts'
import { Refresh, TokensAnswer } from '../../src/schemas/sessions.ts'

const schema = {
  operationId: 'refresh',
  summary: 'Refresh the tokens',
  description: `Returns a new access token and the successor of the refresh token. A refresh token is valid for one
use. Used again within a few seconds of its first use, it returns the same successor; later it ends the session, since
somebody may have a copy of it.`,
  tags: ['sessions'],
  security: [{}, { cookie: [] }],
  querystring: Nothing,
  body: Refresh,
  response: {
    200: TokensAnswer,
    ...refusals(...BODY, 'REFRESH_TOKEN_INVALID', 'FORBIDDEN', 'TOO_MANY_REQUESTS', 'DATABASE_UNAVAILABLE')
  }
}

const refresh: FastifyPluginAsyncTypebox = async (fastify) => {
  const { limits, sessions, tokens } = fastify

  fastify.post('/refresh', { schema, preHandler: limits.byAddress('refresh') }, async (request, reply) => {
    const { text, inCookie } = sessions.presented(request)
    const session = await sessions.use(request, text)
    return tokens.answer(reply, session, session.user, inCookie)
  })
}

export default refresh
