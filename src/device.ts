import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** How long a device is known, in seconds. */
export const DEVICE_LIFETIME = 365 * 24 * 60 * 60

/** A device from which a user has signed in (OWASP, Authentication Cheat Sheet: device cookies). */
export interface Device {
  user: string
  nonce: string
}

/**
 * What a device shows of itself later: `user.nonce.time.signature`.
 *
 * @param now milliseconds since the epoch
 */
export function createDeviceToken(user: string, now: number, key: Buffer): string {
  const content = [user, randomBytes(16).toString('base64url'), Math.floor(now / 1000).toString(36)].join('.')
  return `${content}.${sign(content, key).toString('base64url')}`
}

/** The device of a token; none for one that is not ours, or that is older than a year. */
export function readDeviceToken(token: string, now: number, key: Buffer): Device | undefined {
  const end = token.lastIndexOf('.')
  const content = token.slice(0, Math.max(0, end))
  const [signature, expected] = [Buffer.from(token.slice(end + 1), 'base64url'), sign(content, key)]
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return undefined
  const [user, nonce, time] = content.split('.') as [string, string, string]
  return now / 1000 - Number.parseInt(time, 36) < DEVICE_LIFETIME ? { user, nonce } : undefined
}

const sign = (content: string, key: Buffer) => createHmac('sha256', key).update(content).digest()
