import { createHash, randomBytes } from 'node:crypto'

/** A refresh token, and what is stored of it. */
export interface RefreshToken {
  token: string
  familyHash: Buffer
  rotatingHash: Buffer
}

const FAMILY_BYTES = 16
const ROTATING_BYTES = 32

/**
 * Makes the first refresh token of a session. It reads `session.family.rotating`: the family stays for the session's
 * life and tells its own earlier tokens from made-up ones, the rotating part is new with each use.
 *
 * @param session the session's id
 */
export function createRefreshToken(session: string): RefreshToken {
  const [family, rotating] = [randomBytes(FAMILY_BYTES), randomBytes(ROTATING_BYTES)]
  const parts = [Buffer.from(session.replaceAll('-', ''), 'hex'), family, rotating]
  return {
    token: parts.map((part) => part.toString('base64url')).join('.'),
    familyHash: sha256(family),
    rotatingHash: sha256(rotating)
  }
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}
