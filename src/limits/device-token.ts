import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import type { DeviceOwner } from '../users/credentials.ts'

/** How long a device is known, in seconds. */
export const DEVICE_LIFETIME = 365 * 24 * 60 * 60

/** A device from which a user has signed in (OWASP, Authentication Cheat Sheet: device cookies). */
export interface Device extends DeviceOwner {
  nonce: string
}

const NONCE_BYTES = 16
const TAG_BYTES = 16

/** The user, the time in seconds, and the two versions. */
const CONTENT_BYTES = 16 + 6 + 4 + 4
const TOKEN = new RegExp(`^[\\w-]{${Math.ceil(((NONCE_BYTES + CONTENT_BYTES + TAG_BYTES) * 4) / 3)}}$`)

/**
 * What a device shows of itself later: a nonce, and the rest encrypted, so that it tells nothing about the account to
 * whoever finds it.
 *
 * @param now milliseconds since the epoch
 */
export function createDeviceToken({ id, ...versions }: DeviceOwner, now: number, key: Buffer): string {
  const nonce = randomBytes(NONCE_BYTES)
  const content = Buffer.alloc(CONTENT_BYTES)
  content.write(id.replaceAll('-', ''), 'hex')
  content.writeUIntBE(Math.floor(now / 1000), 16, 6)
  content.writeInt32BE(versions.password_version, 22)
  content.writeInt32BE(versions.device_version, 26)
  const cipher = createCipheriv('aes-256-gcm', keyOf(nonce, key), IV)
  return Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]).toString('base64url')
}

/** The device of a token; none for one that is not ours, or that is older than a year. No account is needed for it. */
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
    id: content.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    password_version: content.readInt32BE(22),
    device_version: content.readInt32BE(26),
    nonce: nonce.toString('base64url')
  }
}

/** Whether the device is one of the account, and has not been voided. */
export function isDeviceOf(device: Device | undefined, account: DeviceOwner | undefined): device is Device {
  return (
    device !== undefined &&
    device.id === account?.id &&
    device.password_version === account.password_version &&
    device.device_version === account.device_version
  )
}

/**
 * Each token has a key of its own, so GCM's IV need not differ. Random nonces of 128 bits do not repeat; random IVs of GCM,
 * of 96 bits, would limit one key to 2^32 tokens (NIST SP 800-38D §8.3).
 */
const IV = Buffer.alloc(12)
const keyOf = (nonce: Buffer, key: Buffer) => createHmac('sha256', key).update(nonce).digest()
