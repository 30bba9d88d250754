import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../src/errors.ts'
import { readRefreshToken } from '../src/refresh-token.ts'
import { endSessionOf, type UsedSession, useRefreshToken } from '../src/session-rotation.ts'

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
      async use({ database, log }, text) {
        const token = readRefreshToken(text)
        const used = token ? await useRefreshToken(database, sessionRules, token) : { refused: 'unknown' as const }
        if (!('refused' in used)) return used
        log.info({ session: token?.session, reason: used.refused }, 'refused a refresh token')
        throw new Problem('REFRESH_TOKEN_INVALID')
      },
      async end({ database }, text) {
        const token = readRefreshToken(text)
        if (token) await endSessionOf(database, sessionRules, token)
      }
    } satisfies RefreshTokens)
  },
  { name: 'refresh-tokens', dependencies: ['database', 'session-rules'] }
)
