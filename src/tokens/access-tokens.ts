import { randomUUID } from 'node:crypto'
import { createSigner, type SignerSync } from 'fast-jwt'
import type { Clock } from '../clock.ts'
import { Problem } from '../errors.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Authentication } from '../sessions/assurance.ts'
import { authenticationClaims, type Claims, isExpired, someRoles, validateClaims } from './claims.ts'
import { hasLowS, withLowS } from './es256.ts'

/** The user of a token, with the roles at that moment. */
export interface TokenUser {
  id: string
  username: string | null
  roles: readonly string[]
}

/** Issues and verifies access tokens (RFC 9068). */
export interface AccessTokens {
  /**
   * Signs a token for the user of a session with the newest key of the ring.
   *
   * @param authentication of the session; a token without it is never fresh
   */
  issue(user: Omit<TokenUser, 'roles'> & Partial<TokenUser>, session: string, authentication?: Authentication): string
  /**
   * Verifies a token. Synchronous for one that was verified before.
   *
   * @throws Problem TOKEN_INVALID or TOKEN_EXPIRED
   */
  verify(token: string): Claims | Promise<Claims>
}

interface Parts {
  clock: Clock
  keys: Pick<KeyRing, 'signingKey' | 'find'>
  issuer: string
  audience: string
  /** How long a token lives, in seconds. */
  lifetime: number
  /** Verifies the signature of a token by the key that its header names. */
  verifySignature(token: string): Promise<{ header: { kid: string }; payload: unknown }>
}

/**
 * The only encoding of a signature that is accepted: Node also decodes other alphabets and line breaks (RFC 7515 §2), and
 * 64 bytes leave four bits of the last character unused, which must be zero (RFC 4648 §3.5).
 */
const CANONICAL = /\.[\w-]{85}[AQgw]$/

const HEADER = { algorithm: 'ES256', header: { alg: 'ES256', typ: 'at+jwt' } } as const

/**
 * The number of verified tokens that are cached: a signature is verified once, its key and expiry on every use. Without the
 * cache, `/secret` takes eight times the CPU time (bench/README.md).
 */
const CACHED = 5_000

export function createAccessTokens(parts: Parts): AccessTokens {
  const { clock, keys, issuer: iss, audience: aud, lifetime, verifySignature } = parts
  const signers = new WeakMap<object, typeof SignerSync>()
  const verified = new Map<string, { kid: string; claims: Claims }>()

  const issue: AccessTokens['issue'] = ({ id, username, roles = [] }, sid, authentication) => {
    const key = keys.signingKey()
    const iat = Math.floor(clock.now() / 1000)
    const authenticated = authentication && authenticationClaims(authentication)
    // A session belongs to no other client: its client is the service itself (RFC 9068 §2.2 requires the claim).
    const claims = { iss, aud, sub: id, client_id: iss, iat, exp: iat + lifetime, jti: randomUUID(), sid }
    const named = username === null ? {} : { preferred_username: username }
    return withLowS(signerOf(key)({ ...claims, ...authenticated, ...named, ...someRoles(roles) }))
  }

  // One signer for each key: `fastify.jwt.sign` would parse the PEM for every token. That makes a refresh take 1.3 times
  // the CPU time (bench/README.md).
  function signerOf(key: { kid: string; privateKey: string }): typeof SignerSync {
    const signer = signers.get(key) ?? createSigner({ key: key.privateKey, kid: key.kid, ...HEADER })
    signers.set(key, signer)
    return signer
  }

  function verify(token: string): Claims | Promise<Claims> {
    const known = verified.get(token)
    return known && keys.find(known.kid) ? requireUnexpired(known.claims) : verifyNew(token)
  }

  async function verifyNew(token: string): Promise<Claims> {
    const { header, payload } = await requireSigned(token)
    const claims = requireUnexpired(Object.freeze(validateClaims(payload, iss, aud, clock.now())))
    cache(token, { kid: header.kid, claims })
    return claims
  }

  // Evicts the oldest: cheaper than tracking use, and as good for tokens that live for minutes.
  function cache(token: string, entry: { kid: string; claims: Claims }): void {
    if (verified.size >= CACHED) verified.delete(verified.keys().next().value as string)
    verified.set(token, entry)
  }

  // Whatever the library has against a token, the client learns only that it is invalid.
  async function requireSigned(token: string): Promise<{ header: { kid: string }; payload: unknown }> {
    if (!CANONICAL.test(token) || !hasLowS(token)) throw new Problem('TOKEN_INVALID')
    try {
      return await verifySignature(token)
    } catch (cause) {
      throw new Problem('TOKEN_INVALID', { cause })
    }
  }

  function requireUnexpired(claims: Claims): Claims {
    if (isExpired(claims, clock.now())) throw new Problem('TOKEN_EXPIRED')
    return claims
  }

  return { issue, verify }
}
