import { FederationRefusal } from './provider.ts'

/** How far ahead the clock of a provider may be, in seconds. */
const MAX_AHEAD = 60

/** 1 to 255 characters (OpenID Connect Core 1.0 §2: of ASCII), none of them invisible, such as of control or format. */
const SUBJECT = /^[^\p{C}]{1,255}$/u

/** What the claims of an ID token are compared with. */
export interface Expected {
  clientId: string
  /** Milliseconds since the epoch. */
  now: number
}

/**
 * Checks what the library leaves out of the claims of an ID token (OpenID Connect Core 1.0 §3.1.3.7): one audience, the
 * authorized party, an expiry without leeway, the time of issue, and the subject.
 *
 * @returns the subject
 * @throws FederationRefusal
 */
export function checkIdToken(claims: Record<string, unknown>, { clientId, now }: Expected): string {
  const { aud, azp, exp, iat, sub } = claims
  const seconds = now / 1000
  if ([aud].flat().length !== 1 || [aud].flat()[0] !== clientId) throw new FederationRefusal('wrong audience')
  if (azp !== undefined && azp !== clientId) throw new FederationRefusal('wrong authorized party')
  if (typeof exp !== 'number' || exp <= seconds) throw new FederationRefusal('token expired')
  if (typeof iat !== 'number' || iat > seconds + MAX_AHEAD) throw new FederationRefusal('token of the future')
  return checkSubject(sub)
}

/** @throws FederationRefusal */
export function checkSubject(sub: unknown): string {
  if (typeof sub === 'string' && SUBJECT.test(sub)) return sub
  throw new FederationRefusal('invalid subject')
}
