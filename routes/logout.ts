import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, NO_CONTENT, Nothing, refusals } from '../src/schemas/answers.ts'
import { Refresh } from '../src/schemas/sessions.ts'

const schema = {
  operationId: 'logout',
  summary: 'Sign out',
  description: `Ends the session of a refresh token, or of an earlier one of the same session. Answers the same if
there is none. With the token of the cookie, it also ends the session of the hosted pages in that browser, and removes
both cookies.`,
  tags: ['sessions'],
  security: [{}, { cookie: [] }],
  querystring: Nothing,
  body: Refresh,
  response: { ...NO_CONTENT, ...refusals(...BODY, 'FORBIDDEN', 'TOO_MANY_REQUESTS', 'DATABASE_UNAVAILABLE') }
}

const logout: FastifyPluginAsyncTypebox = async (fastify) => {
  const { limits, pageSessions, sessions } = fastify

  fastify.post('/logout', { schema, preHandler: limits.byAddress('logout') }, async (request, reply) => {
    const { text, inCookie } = sessions.presented(request)
    await sessions.end(request, text)
    if (inCookie) {
      await pageSessions.forget(request, reply)
      sessions.clearCookie(reply)
    }
    reply.code(204)
  })
}

export default logout
