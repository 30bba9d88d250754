import type { Database } from '../database/database.ts'
import { Problem } from '../errors.ts'
import type { TokenState } from '../schemas/tokens.ts'
import { type RefreshToken, readRefreshToken } from '../sessions/refresh-token.ts'
import { findRefreshToken, type RotationRules } from '../sessions/rotation.ts'
import { findSessionUser } from '../sessions/sessions.ts'
import type { AccessTokens } from './access-tokens.ts'
import { authenticationClaims, type Claims, someRoles } from './claims.ts'

/** Tells the state of a token of either kind (RFC 7662 §2.2); of an inactive one, nothing more. */
export type Introspect = (database: Database, token: string) => Promise<TokenState>

interface Parts {
  verify: AccessTokens['verify']
  rules: RotationRules
  issuer: string
  audience: string
}

const INACTIVE: TokenState = { active: false }

export function createIntrospection({ verify, rules, issuer, audience }: Parts): Introspect {
  async function ofAccessToken(database: Database, token: string): Promise<TokenState> {
    const claims = await claimsOf(token)
    const user = claims && (await findSessionUser(database, rules, claims))
    if (!user) return INACTIVE
    // The authentication is that of the token: its session may have been authenticated again since.
    const { sub, sid, iss, aud, iat, exp, auth_time, amr, acr } = claims
    const authenticated = { ...(auth_time !== undefined && { auth_time }), ...(amr && { amr }), ...(acr && { acr }) }
    return { active: true, sub, sid, iss, aud, iat, exp, token_type: 'Bearer', ...authenticated, ...present(user) }
  }

  async function claimsOf(token: string): Promise<Claims | undefined> {
    try {
      return await verify(token)
    } catch (error) {
      if (error instanceof Problem) return undefined
      throw error
    }
  }

  async function ofRefreshToken(database: Database, token: RefreshToken): Promise<TokenState> {
    const session = await findRefreshToken(database, rules, token)
    if (!session) return INACTIVE
    const { user, lastUsedAt, expiresAt } = session
    return {
      active: true,
      sub: user.id,
      sid: token.session,
      iss: issuer,
      aud: audience,
      iat: seconds(lastUsedAt),
      exp: seconds(expiresAt),
      token_type: 'refresh_token',
      ...authenticationClaims(session),
      ...present(user)
    }
  }

  return (database, token) => {
    const refreshToken = readRefreshToken(token)
    return refreshToken ? ofRefreshToken(database, refreshToken) : ofAccessToken(database, token)
  }
}

/** The username and the roles as they are now. */
const present = ({ username, roles }: { username: string | null; roles: readonly string[] }) => ({
  ...(username !== null && { username }),
  ...someRoles(roles)
})

const seconds = (time: Date) => Math.floor(time.getTime() / 1000)
