import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import type { User } from '../../src/schemas/users.ts'
import { findSessionUser } from '../../src/sessions/sessions.ts'
import { bearerToken } from '../../src/tokens/bearer.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * An onRequest hook: like `authenticate`, but asks as well whether the session is still alive, and sets
     * `request.account` to its user.
     */
    authenticateSession(request: FastifyRequest): Promise<void>
  }
  interface FastifyRequest {
    /** The user of the session, behind `authenticateSession`. */
    account: User
  }
}

export default fp(
  async (fastify) => {
    const { accessTokens, sessionRules } = fastify

    fastify.decorateRequest('account')
    fastify.decorate('authenticateSession', async (request: FastifyRequest) => {
      const claims = await accessTokens.verify(bearerToken(request.headers.authorization))
      const account = await findSessionUser(request.database, sessionRules, claims)
      if (!account) throw new Problem('TOKEN_INVALID')
      request.user = claims
      request.account = account
    })
  },
  { name: 'authenticate-session', dependencies: ['access-tokens', 'database', 'session-rules'] }
)
