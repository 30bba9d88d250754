import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { readRefreshToken } from '../../src/sessions/refresh-token.ts'
import {
  endSessionOf,
  type Refused,
  type RotationRules,
  type UsedSession,
  useRefreshToken
} from '../../src/sessions/rotation.ts'
import { createRefreshCookie, type RefreshCookie } from './refresh-cookie.ts'

/** Sessions and the refresh tokens that continue them. */
export interface Sessions extends RefreshCookie {
  /** How long sessions live, and how their refresh tokens rotate. */
  readonly rules: RotationRules
  /**
   * Rotates a refresh token.
   *
   * @returns its session, with the token's successor
   * @throws Problem REFRESH_TOKEN_INVALID; only the log has the reason
   */
  use(request: FastifyRequest, text: string): Promise<UsedSession>
  /** Ends the session of a refresh token, or of an earlier one of it. Does nothing if there is none. */
  end(request: FastifyRequest, text: string): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    sessions: Sessions
  }
}

/** Provides sessions and their refresh tokens. */
export default fp(
  async (fastify) => {
    const { config } = fastify
    const { REFRESH_IDLE_TTL, REFRESH_MAX_TTL, REFRESH_GRACE } = config
    const successorKey = fastify.deriveKey('refresh token successor')
    const rules = { REFRESH_IDLE_TTL, REFRESH_MAX_TTL, REFRESH_GRACE, successorKey }

    fastify.decorate('sessions', {
      ...createRefreshCookie(config),
      rules,
      async use(request, text) {
        const token = readRefreshToken(text)
        const used: UsedSession | Refused = token
          ? await useRefreshToken(request.database, rules, token)
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
        const account = token && (await endSessionOf(request.database, rules, token))
        if (account) request.record('logged out', { account, session: token.session })
      }
    } satisfies Sessions)
  },
  { name: 'sessions', dependencies: ['audit', 'config', 'database', 'derive-key'] }
)
