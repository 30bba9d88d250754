import { hkdfSync } from 'node:crypto'

/** What a key is derived for: each has one of its own. */
export type KeyPurpose =
  | 'audit'
  | 'device cookie'
  | 'email tokens'
  | 'federation'
  | 'limits'
  | 'passkey challenges'
  | 'recovery codes'
  | 'refresh token successor'
  | 'totp secrets'

/**
 * Derives a key of 32 bytes for one purpose (HKDF-SHA256, RFC 5869). Keys of different purposes are independent.
 *
 * @param secret high-entropy text
 */
export function deriveKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `latchkey ${purpose}`, 32))
}
