import { Problem } from '../errors.ts'
import { equalSecrets } from '../secrets/equal.ts'

/** The bearer token of an Authorization header (RFC 6750 §2.1); undefined without one, or with another scheme. */
export function readBearer(authorization = ''): string | undefined {
  return /^bearer(?: |$)/i.test(authorization) ? authorization.slice('bearer '.length).trim() : undefined
}

/**
 * Extracts the bearer token of an Authorization header (RFC 6750 §2.1).
 *
 * @throws Problem TOKEN_MISSING if there is no header, or it has another scheme
 */
export function bearerToken(authorization: string | undefined): string {
  const token = readBearer(authorization)
  if (token === undefined) throw new Problem('TOKEN_MISSING')
  return token
}

/**
 * Requires a configured key, such as METRICS_KEY, as bearer token.
 *
 * @throws Problem TOKEN_MISSING if there is no bearer token, TOKEN_INVALID if it is not the key
 */
export function requireKey(authorization: string | undefined, key: string): void {
  if (!equalSecrets(bearerToken(authorization), key)) throw new Problem('TOKEN_INVALID')
}
