import { createHash, createHmac, randomBytes } from 'node:crypto'

/**
 * A refresh token, taken apart. It reads `session.family.rotating`: the family stays for the session's life and tells
 * the session's own earlier tokens from made-up ones; the rotating part is another with each use.
 */
export interface RefreshToken {
  /** The id of the session. */
  session: string
  family: Buffer
  rotating: Buffer
}

const SESSION_BYTES = 16
const FAMILY_BYTES = 16
const ROTATING_BYTES = 32
const NONCE_BYTES = 16

/**
 * Makes the first refresh token of a session.
 *
 * @param session the session's id
 */
export function createRefreshToken(session: string): RefreshToken {
  return { session, family: randomBytes(FAMILY_BYTES), rotating: randomBytes(ROTATING_BYTES) }
}

/** What makes a successor one that nobody can foresee. */
export const createNonce = () => randomBytes(NONCE_BYTES)

/**
 * The token after this one: the same whenever it is derived from the same nonce, and by nobody without the key, so that
 * it can be given twice without being stored.
 */
export function successorOf({ session, family, rotating }: RefreshToken, nonce: Buffer, key: Buffer): RefreshToken {
  const parts = [uuidBytes(session), family, rotating, nonce]
  return { session, family, rotating: createHmac('sha256', key).update(Buffer.concat(parts)).digest() }
}

/** A refresh token as clients hold it. */
export function writeRefreshToken({ session, family, rotating }: RefreshToken): string {
  return [uuidBytes(session), family, rotating].map((part) => part.toString('base64url')).join('.')
}

/** Takes a refresh token apart; nothing comes of a text that no token reads like, to the last bit. */
export function readRefreshToken(text: string): RefreshToken | undefined {
  const [session, family, rotating] = text.split('.').map((part) => Buffer.from(part, 'base64url'))
  if (session?.length !== SESSION_BYTES || family?.length !== FAMILY_BYTES || rotating?.length !== ROTATING_BYTES) {
    return undefined
  }
  const token = { session: uuidOf(session), family, rotating }
  return writeRefreshToken(token) === text ? token : undefined
}

/** What is stored of a secret part. */
export const sha256 = (part: Buffer) => createHash('sha256').update(part).digest()

const uuidBytes = (uuid: string) => Buffer.from(uuid.replaceAll('-', ''), 'hex')

const uuidOf = (bytes: Buffer) => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
