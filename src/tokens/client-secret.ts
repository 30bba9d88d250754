import { Problem } from '../errors.ts'
import { equalSecrets } from '../secrets/equal.ts'
import { requireKey } from './bearer.ts'

/** What a client that used the Basic scheme is also told (RFC 6749 §5.2). */
const CHALLENGES = 'Bearer error="invalid_token", Basic realm="latchkey", charset="UTF-8"'

/**
 * Lets pass an OAuth client that brings the key in its Authorization header: as a bearer token, or as the secret of any
 * client (RFC 6749 §2.3.1, client_secret_basic).
 *
 * @returns whether there is such a header
 * @throws Problem TOKEN_MISSING where it is of another scheme, and TOKEN_INVALID
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
 * Lets pass a client that brings the key as the `client_secret` of its form (client_secret_post).
 *
 * @throws Problem TOKEN_MISSING or TOKEN_INVALID
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
  // OAuth has it encoded like a form, which not every client does. Both are compared, whatever comes of the first.
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
