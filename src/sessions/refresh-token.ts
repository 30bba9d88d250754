import { createHash, createHmac, randomBytes } from 'node:crypto'
import { uuidBytes, uuidOf } from '../users/uuid-bytes.ts'

/**
 * A parsed refresh token, `session.family.rotating`. The family part is constant for a session: it tells a replayed
 * token of the session from a forged one. The rotating part changes with each use (RFC 9700 §4.14.2).
 */
export interface RefreshToken {
  /** UUID of the session. */
  session: string
  family: Buffer
  rotating: Buffer
}

const SESSION_BYTES = 16
const FAMILY_BYTES = 16
const ROTATING_BYTES = 32
const NONCE_BYTES = 16

/**
 * Creates the first refresh token of a session.
 *
 * @param session UUID of the session
 */
export function createRefreshToken(session: string): RefreshToken {
  return { session, family: randomBytes(FAMILY_BYTES), rotating: randomBytes(ROTATING_BYTES) }
}

/** A random input that makes a successor unpredictable. */
export const createNonce = () => randomBytes(NONCE_BYTES)

/**
 * Derives the next token of a session. It is deterministic in the nonce, so that a repeated request within the grace
 * period gets the same token although only its hash is stored; without the key nobody can derive it.
 */
export function successorOf({ session, family, rotating }: RefreshToken, nonce: Buffer, key: Buffer): RefreshToken {
  const parts = [uuidBytes(session), family, rotating, nonce]
  return { session, family, rotating: createHmac('sha256', key).update(Buffer.concat(parts)).digest() }
}

/** Serializes a refresh token: three base64url parts, separated by dots. */
export function writeRefreshToken({ session, family, rotating }: RefreshToken): string {
  return [uuidBytes(session), family, rotating].map((part) => part.toString('base64url')).join('.')
}

/**
 * Parses a refresh token.
 *
 * @returns undefined unless the text is the canonical form of a token
 */
export function readRefreshToken(text: string): RefreshToken | undefined {
  const [session, family, rotating] = text.split('.').map((part) => Buffer.from(part, 'base64url'))
  if (session?.length !== SESSION_BYTES || family?.length !== FAMILY_BYTES || rotating?.length !== ROTATING_BYTES) {
    return undefined
  }
  const token = { session: uuidOf(session), family, rotating }
  return writeRefreshToken(token) === text ? token : undefined
}

/** The stored form of a secret part. */
export const sha256 = (part: Buffer) => createHash('sha256').update(part).digest()
