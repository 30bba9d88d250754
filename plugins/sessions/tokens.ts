import fp from 'fastify-plugin'
import type { Tokens } from '../../src/schemas/sessions.ts'
import { writeRefreshToken } from '../../src/sessions/refresh-token.ts'
import type { LiveSession } from '../../src/sessions/sessions.ts'

declare module 'fastify' {
  interface FastifyReply {
    /**
     * The tokens of a session, with an access token made now. In browser mode the refresh token is set as a cookie and
     * left out.
     */
    tokens(session: LiveSession, user: { id: string; username: string | null }, inCookie: boolean): Tokens
  }
}

/** What `/login` and `/token/refresh` answer with. */
export default fp(
  async (fastify) => {
    const { accessTokens, config, refreshCookie } = fastify

    fastify.decorateReply('tokens', function ({ refreshToken, lastUsedAt, expiresAt }, user, inCookie) {
      const tokens = {
        access_token: accessTokens.issue(user, refreshToken.session),
        token_type: 'Bearer' as const,
        expires_in: config.ACCESS_TOKEN_TTL
      }
      const text = writeRefreshToken(refreshToken)
      if (!inCookie) return { ...tokens, refresh_token: text }
      refreshCookie.set(this, text, Math.ceil((expiresAt.getTime() - lastUsedAt.getTime()) / 1000))
      return tokens
    })
  },
  { name: 'tokens', dependencies: ['access-tokens', 'config', 'refresh-cookie'] }
)
