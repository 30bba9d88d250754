import { type Static, Type } from '@sinclair/typebox'
import { Ajv } from 'ajv'
import { SKEW } from '../clock.ts'
import { Problem } from '../errors.ts'

/** The claims of an access token (RFC 9068 §2.2), and `sid`, the session that it belongs to. */
const Claims = Type.Object({
  iss: Type.String(),
  aud: Type.Union([Type.String(), Type.Array(Type.String())]),
  sub: Type.String({ minLength: 1 }),
  iat: Type.Number(),
  exp: Type.Number(),
  nbf: Type.Optional(Type.Number()),
  jti: Type.String({ minLength: 1 }),
  sid: Type.String({ minLength: 1 }),
  preferred_username: Type.Optional(Type.String())
})

export type Claims = Static<typeof Claims>

const isValid = new Ajv({ validateSchema: false }).compile<Claims>(Claims)

/**
 * Checks what a payload says, once its signature is known to be right.
 *
 * @throws Problem TOKEN_INVALID when a claim is missing, of another type, of another issuer or audience, or when the
 * token is from the future
 */
export function validateClaims(payload: unknown, issuer: string, audience: string, now: number): Claims {
  if (!isValid(payload)) throw new Problem('TOKEN_INVALID')
  const { iss, aud, iat, nbf = iat } = payload
  const foreign = iss !== issuer || ![aud].flat().includes(audience)
  if (foreign || Math.max(iat, nbf) > now / 1000 + SKEW) throw new Problem('TOKEN_INVALID')
  return payload
}

/** Whether the token is over, at `now` in milliseconds. */
export function isExpired({ exp }: Claims, now: number): boolean {
  return exp * 1000 <= now
}
