import { hkdfSync } from 'node:crypto'

/** What a key is derived for: each has one of its own. */
export type KeyPurpose =
  | 'audit'
  | 'device cookie'
  | 'email tokens'
  | 'limits'
  | 'passkey challenges'
  | 'recovery codes'
  | 'refresh token successor'
  | 'totp secrets'

/**
 * A key of 32 bytes for one purpose, derived from the secret (HKDF, RFC 5869): no two purposes share one, and none
 * leads back to the secret.
 */
export function deriveKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `latchkey ${purpose}`, 32))
}
