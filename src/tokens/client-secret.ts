import { Problem } from '../errors.ts'
import { equalSecrets } from '../secrets/equal.ts'
import { requireKey } from './bearer.ts'

/** A client that used Basic gets a challenge of the same scheme (RFC 6749 §5.2). */
const CHALLENGES = 'Bearer error="invalid_token", Basic realm="latchkey", charset="UTF-8"'

/**
 * Authenticates an OAuth client by its Authorization header: the key as bearer token, or as `client_secret` with any
 * `client_id` (RFC 6749 §2.3.1, client_secret_basic).
 *
 * @returns false if there is no header
 * @throws Problem TOKEN_MISSING if the header has another scheme, TOKEN_INVALID if the secret is not the key
 */
export function authenticateByHeader(authorization: string | undefined, key: string): boolean {
  if (authorization === undefined) return false
  if (!/^basic(?: |$)/i.test(authorization)) requireKey(authorization, key)
  else if (!isKey(authorization.slice('basic '.length), key)) {
    throw new Problem('TOKEN_INVALID', { headers: { 'www-authenticate': CHALLENGES } })
  }
  return true
}

/**
 * Authenticates an OAuth client by the `client_secret` of its form (RFC 6749 §2.3.1, client_secret_post).
 *
 * @throws Problem TOKEN_MISSING if there is none, TOKEN_INVALID if it is not the key
 */
export function authenticateByForm(secret: string | undefined, key: string): void {
  if (secret === undefined) throw new Problem('TOKEN_MISSING')
  if (!equalSecrets(secret, key)) throw new Problem('TOKEN_INVALID')
}

/** Whether the password of Basic credentials is the key (RFC 7617 §2). */
function isKey(credentials: string, key: string): boolean {
  const text = Buffer.from(credentials, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  const secret = text.slice(colon + 1)
  // RFC 6749 requires form encoding of the secret, which some clients omit. Both forms are always compared, so that the
  // time does not depend on the first comparison.
  const matches = [secret, decodeForm(secret)].filter((candidate) => equalSecrets(candidate, key))
  return colon >= 0 && matches.length > 0
}

function decodeForm(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return ''
  }
}
