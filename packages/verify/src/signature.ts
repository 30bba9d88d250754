import { base64url } from 'jose'

/**
 * Three parts in base64url, without padding. The signature has 64 bytes, which leave four bits of its last character
 * unused: these must be zero (RFC 4648 §3.5), so that a signature has one text.
 */
const COMPACT = /^[\w-]+\.[\w-]+\.([\w-]{85}[AQgw])$/

/** Many times what the service writes. */
const MAX_LENGTH = 8_192

/** Half the order of P-256 (NIST SP 800-186 §3.2.1.3). */
const HALF_ORDER = Uint8Array.from(
  '7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8'.match(/../g) as string[],
  (byte) => Number.parseInt(byte, 16)
)

/**
 * Whether a text has the form of a token with an ES256 signature, and the low one of the two values of `s` that verify.
 * The service writes only these, so that nobody can make a second text of a token.
 */
export function isCanonical(token: string): boolean {
  if (token.length > MAX_LENGTH) return false
  const [, signature] = COMPACT.exec(token) ?? []
  return signature !== undefined && isAtMost(base64url.decode(signature).subarray(32), HALF_ORDER)
}

/** Compares two numbers of the same length, the first byte being the most significant. */
function isAtMost(one: Uint8Array, other: Uint8Array): boolean {
  const index = one.findIndex((byte, place) => byte !== other[place])
  return (one[index] ?? 0) <= (other[index] ?? 0)
}
