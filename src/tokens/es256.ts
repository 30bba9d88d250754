/** The order of P-256 (NIST SP 800-186 §3.2.1.3). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

const HALF = bytesOf(ORDER / 2n)

/** Bytes of r and of s (RFC 7518 §3.4). */
const LENGTH = 32

/**
 * Whether the signature of an ES256 token has the canonical, low `s`: at most half the order. ECDSA is malleable: if
 * (r, s) verifies, so does (r, n − s), which would give a token a second text that no deny list contains (BIP 146 makes
 * the same choice; FIPS 186-5 allows both).
 *
 * @param token compact JWS
 */
export function hasLowS(token: string): boolean {
  return signatureOf(token).subarray(LENGTH).compare(HALF) <= 0
}

/** Returns the token with the low `s`, which every ES256 verifier accepts. */
export function withLowS(token: string): string {
  const signature = signatureOf(token)
  const s = signature.subarray(LENGTH)
  if (s.compare(HALF) <= 0) return token
  const low = bytesOf(ORDER - BigInt(`0x${s.toString('hex')}`))
  const lower = Buffer.concat([signature.subarray(0, LENGTH), low]).toString('base64url')
  return `${token.slice(0, token.lastIndexOf('.') + 1)}${lower}`
}

const signatureOf = (token: string) => Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url')

function bytesOf(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex')
}
