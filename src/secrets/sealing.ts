import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { deriveKey } from './derive-key.ts'

/** The secrets of the environment: the one that seals, and the one before it, which still opens. */
export interface Secrets {
  current: string
  previous?: string | undefined
}

const IV_BYTES = 12
const TAG_BYTES = 16

/**
 * Encrypts what is stored with AES-256-GCM (NIST SP 800-38D) under a key derived from the secret.
 *
 * @param purpose what the key is derived for
 * @param name whose content this is, as associated data: what is sealed for one never passes for another's
 */
export function seal(content: Buffer, purpose: string, name: string, { current }: Secrets): Buffer {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', deriveKey(current, purpose), iv).setAAD(Buffer.from(name))
  const encrypted = Buffer.concat([cipher.update(content), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), encrypted])
}

/** What was sealed; nothing where neither secret opens it. */
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
      // Sealed with another secret, and the next one may fit; or damaged.
    }
  }
  return undefined
}
