import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import type { DeviceOwner } from '../users/credentials.ts'
import { uuidBytes, uuidOf } from '../users/uuid-bytes.ts'

/** How long a device is remembered, in seconds. */
export const DEVICE_LIFETIME = 365 * 24 * 60 * 60

/**
 * A device from which a user has signed in. Its failed logins are counted apart from those of strangers, so that an
 * attacker cannot lock the user out (OWASP: "Slow Down Online Guessing Attacks with Device Cookies").
 */
export interface Device extends DeviceOwner {
  nonce: string
}

const NONCE_BYTES = 16
const TAG_BYTES = 16

/** User id, time in seconds, password version, device version. */
const CONTENT_BYTES = 16 + 6 + 4 + 4
const TOKEN = new RegExp(`^[\\w-]{${Math.ceil(((NONCE_BYTES + CONTENT_BYTES + TAG_BYTES) * 4) / 3)}}$`)

/**
 * Creates the token of a device cookie: a nonce and the encrypted content, so that the cookie reveals nothing about the
 * account.
 *
 * @param now milliseconds since the epoch
 * @returns base64url
 */
export function createDeviceToken({ id, ...versions }: DeviceOwner, now: number, key: Buffer): string {
  const nonce = randomBytes(NONCE_BYTES)
  const content = Buffer.alloc(CONTENT_BYTES)
  uuidBytes(id).copy(content)
  content.writeUIntBE(Math.floor(now / 1000), 16, 6)
  content.writeInt32BE(versions.password_version, 22)
  content.writeInt32BE(versions.device_version, 26)
  const cipher = createCipheriv('aes-256-gcm', keyOf(nonce, key), IV)
  return Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]).toString('base64url')
}

/**
 * Decrypts a device token. It needs no database.
 *
 * @param now milliseconds since the epoch
 * @returns undefined if the token is not authentic, or is older than DEVICE_LIFETIME
 */
export function readDeviceToken(token: string, now: number, key: Buffer): Device | undefined {
  if (!TOKEN.test(token)) return undefined
  const bytes = Buffer.from(token, 'base64url')
  const nonce = bytes.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', keyOf(nonce, key), IV, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  const content = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  if (now / 1000 - content.readUIntBE(16, 6) >= DEVICE_LIFETIME) return undefined
  return {
    id: uuidOf(content.subarray(0, 16)),
    password_version: content.readInt32BE(22),
    device_version: content.readInt32BE(26),
    nonce: nonce.toString('base64url')
  }
}

/** Whether the device belongs to the account, and has not been revoked by a newer version. */
export function isDeviceOf(device: Device | undefined, account: DeviceOwner | undefined): device is Device {
  return (
    device !== undefined &&
    device.id === account?.id &&
    device.password_version === account.password_version &&
    device.device_version === account.device_version
  )
}

/**
 * Each token has its own key, derived from a random nonce of 128 bits, so the IV may be constant. With one key, random
 * IVs of 96 bits would limit it to 2^32 tokens (NIST SP 800-38D §8.3).
 */
const IV = Buffer.alloc(12)
const keyOf = (nonce: Buffer, key: Buffer) => createHmac('sha256', key).update(nonce).digest()
