import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { deriveKey } from './derive-key.ts'

/** SECRET_KEY, which seals and opens, and SECRET_KEY_PREVIOUS, which only opens. */
export interface Secrets {
  current: string
  previous?: string | undefined
}

const IV_BYTES = 12
const TAG_BYTES = 16

/**
 * Encrypts data for storage: AES-256-GCM (NIST SP 800-38D) under a key derived from the secret.
 *
 * @param purpose of the derived key
 * @param name of the record, as associated data: a sealed value cannot be moved to another record
 * @returns IV, authentication tag, ciphertext
 */
export function seal(content: Buffer, purpose: string, name: string, { current }: Secrets): Buffer {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', deriveKey(current, purpose), iv).setAAD(Buffer.from(name))
  const encrypted = Buffer.concat([cipher.update(content), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), encrypted])
}

/** Decrypts sealed data. Returns undefined if neither secret opens it. */
export function unseal(
  sealed: Buffer,
  purpose: string,
  name: string,
  { current, previous }: Secrets
): Buffer | undefined {
  const iv = sealed.subarray(0, IV_BYTES)
  for (const secret of previous === undefined ? [current] : [current, previous]) {
    try {
      const decipher = createDecipheriv('aes-256-gcm', deriveKey(secret, purpose), iv, { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(name)).setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
      return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()])
    } catch {
      // Sealed with the other secret, or damaged.
    }
  }
  return undefined
}
