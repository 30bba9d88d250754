import fp from 'fastify-plugin'
import type { Database } from '../../src/database/database.ts'
import { Problem } from '../../src/errors.ts'
import type { TokenState } from '../../src/schemas/tokens.ts'
import { type RefreshToken, readRefreshToken } from '../../src/sessions/refresh-token.ts'
import { findRefreshToken } from '../../src/sessions/rotation.ts'
import { findSessionUser } from '../../src/sessions/sessions.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** What a token of either kind is worth at this moment (RFC 7662 §2.2); of one that is worth nothing, no more. */
    introspect(database: Database, token: string): Promise<TokenState>
  }
}

const INACTIVE: TokenState = { active: false }

export default fp(
  async (fastify) => {
    const { accessTokens, config, sessionRules } = fastify
    const { PUBLIC_URL: iss, AUDIENCE: aud } = config

    async function ofAccessToken(database: Database, token: string): Promise<TokenState> {
      const claims = await verify(token)
      const user = claims && (await findSessionUser(database, sessionRules, claims))
      if (!user) return INACTIVE
      const { sub, sid, iss, aud, iat, exp } = claims
      return { active: true, sub, sid, iss, aud, iat, exp, token_type: 'Bearer', ...named(user) }
    }

    const verify = async (token: string) =>
      Promise.resolve(token)
        .then(accessTokens.verify)
        .catch((error) => {
          if (error instanceof Problem) return undefined
          throw error
        })

    async function ofRefreshToken(database: Database, token: RefreshToken): Promise<TokenState> {
      const session = await findRefreshToken(database, sessionRules, token)
      if (!session) return INACTIVE
      const { user, lastUsedAt, expiresAt } = session
      const times = { iat: seconds(lastUsedAt), exp: seconds(expiresAt) }
      return {
        active: true,
        sub: user.id,
        sid: token.session,
        iss,
        aud,
        ...times,
        token_type: 'refresh_token',
        ...named(user)
      }
    }

    fastify.decorate('introspect', (database: Database, token: string) => {
      const refreshToken = readRefreshToken(token)
      return refreshToken ? ofRefreshToken(database, refreshToken) : ofAccessToken(database, token)
    })
  },
  { name: 'introspection', dependencies: ['access-tokens', 'config', 'session-rules'] }
)

const named = ({ username }: { username: string | null }) => (username === null ? {} : { username })

const seconds = (time: Date) => Math.floor(time.getTime() / 1000)
