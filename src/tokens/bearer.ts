import { Problem } from '../errors.ts'
import { equalSecrets } from '../secrets/equal.ts'

/**
 * The token of an Authorization header (RFC 6750 §2.1).
 *
 * @throws Problem TOKEN_MISSING without a header or with one of another scheme
 */
export function bearerToken(authorization: string | undefined): string {
  if (!authorization || !/^bearer(?: |$)/i.test(authorization)) throw new Problem('TOKEN_MISSING')
  return authorization.slice('bearer '.length).trim()
}

/**
 * Lets pass who brings the key as a bearer token.
 *
 * @throws Problem TOKEN_MISSING or TOKEN_INVALID
 */
export function requireKey(authorization: string | undefined, key: string): void {
  if (!equalSecrets(bearerToken(authorization), key)) throw new Problem('TOKEN_INVALID')
}
