import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Database } from '../database/database.ts'
import { sql } from '../database/sql.ts'

/** The lifetime of a challenge, in seconds. */
export const CHALLENGE_SECONDS = 300

/** The purpose of a challenge. A challenge is valid for its own purpose only. */
export type ChallengePurpose =
  | { for: 'sign-in' }
  /** @param step the hash of the login step */
  | { for: 'second step'; step: Buffer }
  /** @param session the id of the session */
  | { for: 'registration' | 'step-up'; session: string }

/** A valid challenge, to be spent when it is used. */
export interface Challenge {
  /** SHA-256. */
  hash: Buffer
  expiresAt: Date
}

const EXPIRY_BYTES = 6
const RANDOM_BYTES = 16
const HEAD_BYTES = EXPIRY_BYTES + RANDOM_BYTES
const MAC_BYTES = 32

/**
 * Creates a challenge that needs no storage: its expiry, random bytes, and an HMAC over both and the purpose.
 *
 * @param key derived for challenges
 * @param now milliseconds since the epoch
 */
export function createChallenge(key: Buffer, purpose: ChallengePurpose, now: number): Buffer {
  const head = Buffer.concat([Buffer.alloc(EXPIRY_BYTES), randomBytes(RANDOM_BYTES)])
  head.writeUIntBE(Math.floor(now) + CHALLENGE_SECONDS * 1000, 0, EXPIRY_BYTES)
  return Buffer.concat([head, macOf(key, purpose, head)])
}

/**
 * Verifies the challenge that an authenticator signed.
 *
 * @param key derived for challenges
 * @param text base64url
 * @param now milliseconds since the epoch
 * @returns undefined if this service did not issue it, it has another purpose, or it has expired
 */
export function readChallenge(
  key: Buffer,
  purpose: ChallengePurpose,
  text: string,
  now: number
): Challenge | undefined {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length !== HEAD_BYTES + MAC_BYTES) return undefined
  const head = bytes.subarray(0, HEAD_BYTES)
  if (!timingSafeEqual(bytes.subarray(HEAD_BYTES), macOf(key, purpose, head))) return undefined
  const expiry = head.readUIntBE(0, EXPIRY_BYTES)
  if (expiry <= now) return undefined
  return { hash: createHash('sha256').update(bytes).digest(), expiresAt: new Date(expiry) }
}

/** The head has a fixed length, so that the purpose that follows is unambiguous. */
function macOf(key: Buffer, purpose: ChallengePurpose, head: Buffer): Buffer {
  return createHmac('sha256', key).update(head).update(textOf(purpose)).digest()
}

function textOf(purpose: ChallengePurpose): string {
  if (purpose.for === 'sign-in') return purpose.for
  return `${purpose.for} ${purpose.for === 'second step' ? purpose.step.toString('hex') : purpose.session}`
}

/**
 * Marks a challenge as used, in the transaction of its use. Of concurrent uses, on all instances, one succeeds.
 *
 * @returns false if it was already used
 */
export async function spendChallenge(transaction: Database, { hash, expiresAt }: Challenge): Promise<boolean> {
  const spent = await transaction.query(
    sql`INSERT INTO spent_challenges (hash, over_at) VALUES (${hash}, ${expiresAt}) ON CONFLICT DO NOTHING RETURNING 1`
  )
  return spent.length > 0
}
