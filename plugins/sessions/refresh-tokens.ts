import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { readRefreshToken } from '../../src/sessions/refresh-token.ts'
import { endSessionOf, type Refused, type UsedSession, useRefreshToken } from '../../src/sessions/rotation.ts'

/** What a refresh token does. */
export interface RefreshTokens {
  /**
   * The session of the token, with the token's successor.
   *
   * @throws Problem REFRESH_TOKEN_INVALID; which rule refused it, the log alone learns
   */
  use(request: FastifyRequest, text: string): Promise<UsedSession>
  /** Ends the session of the token, or of an earlier one of it; where there is none, all is well too. */
  end(request: FastifyRequest, text: string): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    refreshTokens: RefreshTokens
  }
}

export default fp(
  async (fastify) => {
    const { sessionRules } = fastify

    fastify.decorate('refreshTokens', {
      async use(request, text) {
        const token = readRefreshToken(text)
        const used: UsedSession | Refused = token
          ? await useRefreshToken(request.database, sessionRules, token)
          : { refused: 'unknown' }
        if (!('refused' in used)) return used
        const { refused: reason, ended: account } = used
        const session = token?.session
        request.log.info({ session, reason }, 'refused a refresh token')
        if (account && reason === 'replayed') request.record('refresh replayed', { account, session })
        throw new Problem('REFRESH_TOKEN_INVALID')
      },
      async end(request, text) {
        const token = readRefreshToken(text)
        const account = token && (await endSessionOf(request.database, sessionRules, token))
        if (account) request.record('logged out', { account, session: token.session })
      }
    } satisfies RefreshTokens)
  },
  { name: 'refresh-tokens', dependencies: ['audit', 'database', 'session-rules'] }
)
