/** The order of P-256 (NIST SP 800-186 §3.2.1.3). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

const HALF = bytesOf(ORDER / 2n)

/** The two halves of a signature, r and s, have 32 bytes each (RFC 7518 §3.4). */
const LENGTH = 32

/**
 * Whether a token of ES256 is the one form of its signature. With (r, s) its holder also knows (r, n − s), which verifies
 * as well: a second text of the same token, that no list of refused ones would know. So s is at most half the order
 * (BIP 146, FIPS 186-5 leaves both).
 */
export function hasLowS(token: string): boolean {
  return signatureOf(token).subarray(LENGTH).compare(HALF) <= 0
}

/** The same token with the lower of the two signatures; any ES256 verifier takes it. */
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
