import { type Static, Type } from '@sinclair/typebox'
import { Ajv } from 'ajv'
import { SKEW } from '../clock.ts'
import { Problem } from '../errors.ts'
import { type Authentication, levelOf } from '../sessions/assurance.ts'

/**
 * The claims of an access token (RFC 9068 §2.2), and `sid`, the id of its session. Tokens of earlier versions say nothing of
 * the client, the roles and the authentication.
 */
const Claims = Type.Object({
  iss: Type.String(),
  aud: Type.Union([Type.String(), Type.Array(Type.String())]),
  sub: Type.String({ minLength: 1 }),
  iat: Type.Number(),
  exp: Type.Number(),
  nbf: Type.Optional(Type.Number()),
  jti: Type.String({ minLength: 1 }),
  sid: Type.String({ minLength: 1 }),
  client_id: Type.Optional(Type.String()),
  preferred_username: Type.Optional(Type.String()),
  auth_time: Type.Optional(Type.Number()),
  amr: Type.Optional(Type.Array(Type.String())),
  acr: Type.Optional(Type.String()),
  roles: Type.Optional(Type.Array(Type.String())),
  act: Type.Optional(Type.Unknown())
})

export type Claims = Static<typeof Claims>

/** What routes know of the session of a request: from its access token, or from the session behind the cookie of a page. */
export type SessionClaims = Pick<
  Claims,
  'sub' | 'sid' | 'client_id' | 'act' | 'preferred_username' | 'auth_time' | 'amr' | 'acr'
>

const isValid = new Ajv({ validateSchema: false }).compile<Claims>(Claims)

/**
 * Validates the claims of a token whose signature has been verified. It does not check `exp`: see `isExpired`.
 *
 * @param now milliseconds since the epoch
 * @throws Problem TOKEN_INVALID if a claim is missing or of the wrong type, if the issuer or audience is another, or if
 * `iat` or `nbf` is in the future
 */
export function validateClaims(payload: unknown, issuer: string, audience: string, now: number): Claims {
  if (!isValid(payload)) throw new Problem('TOKEN_INVALID')
  const { iss, aud, iat, nbf = iat } = payload
  const foreign = iss !== issuer || ![aud].flat().includes(audience)
  if (foreign || Math.max(iat, nbf) > now / 1000 + SKEW) throw new Problem('TOKEN_INVALID')
  return payload
}

/** What a token says of the authentication of its session (RFC 9068 §2.2.1). */
export function authenticationClaims({ authenticatedAt, amr }: Authentication) {
  return { auth_time: Math.floor(authenticatedAt.getTime() / 1000), amr: [...amr], acr: levelOf(amr) }
}

/** The claim `roles` (RFC 9068 §2.2.3.1), which is left out where there are none. */
export const someRoles = (roles: readonly string[]) => (roles.length > 0 ? { roles: [...roles] } : {})

/** Whether the token has expired at `now`, in milliseconds since the epoch. */
export function isExpired({ exp }: Claims, now: number): boolean {
  return exp * 1000 <= now
}
