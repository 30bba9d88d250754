import { randomUUID } from 'node:crypto'
import { createSigner, type SignerSync } from 'fast-jwt'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { acceptClaims, type Claims, isExpired } from '../../src/tokens/claims.ts'
import { hasLowS, withLowS } from '../../src/tokens/es256.ts'

/** Issues and verifies access tokens (RFC 9068). */
export interface AccessTokens {
  /** A token for the user of a session, signed by the ring's newest key. */
  issue(user: { id: string; username: string | null }, session: string): string
  /**
   * The claims of a token that is whole, ours and not over; at once for one that was seen before.
   *
   * @throws Problem TOKEN_INVALID or TOKEN_EXPIRED
   */
  verify(token: string): Claims | Promise<Claims>
}

declare module 'fastify' {
  interface FastifyInstance {
    accessTokens: AccessTokens
  }
}

/**
 * The one text of a signature: Node also decodes other alphabets and line breaks (RFC 7515 §2), and 64 bytes leave four
 * bits of the last character unused, which are zero (RFC 4648 §3.5).
 */
const CANONICAL = /\.[\w-]{85}[AQgw]$/

const HEADER = { algorithm: 'ES256', header: { alg: 'ES256', typ: 'at+jwt' } } as const

/**
 * How many verified tokens are remembered: a signature is checked once, its key and its time every time. Without it,
 * `/secret` takes eight times the CPU time (bench/README.md).
 */
const REMEMBERED = 5_000

export default fp(
  async (fastify) => {
    const { clock, config, keyRing } = fastify
    const { PUBLIC_URL: iss, AUDIENCE: aud, ACCESS_TOKEN_TTL } = config
    const signers = new WeakMap<object, typeof SignerSync>()
    const verified = new Map<string, { kid: string; claims: Claims }>()

    function issue({ id, username }: { id: string; username: string | null }, sid: string): string {
      const key = keyRing.signingKey()
      const iat = Math.floor(clock.now() / 1000)
      const claims = { iss, aud, sub: id, iat, exp: iat + ACCESS_TOKEN_TTL, jti: randomUUID(), sid }
      const named = username === null ? claims : { ...claims, preferred_username: username }
      return withLowS(signerOf(key)(named))
    }

    // One signer for each key: `fastify.jwt.sign` would read the PEM anew for every token, which makes a refresh take 1.3 times the CPU time (bench/README.md).
    function signerOf(key: { kid: string; privateKey: string }): typeof SignerSync {
      const signer = signers.get(key) ?? createSigner({ key: key.privateKey, kid: key.kid, ...HEADER })
      signers.set(key, signer)
      return signer
    }

    function verify(token: string): Claims | Promise<Claims> {
      const known = verified.get(token)
      return known && keyRing.find(known.kid) ? alive(known.claims) : examine(token)
    }

    async function examine(token: string): Promise<Claims> {
      const { header, payload } = await signed(token)
      const claims = alive(Object.freeze(acceptClaims(payload, iss, aud, clock.now())))
      remember(token, { kid: header.kid, claims })
      return claims
    }

    // The oldest makes room: cheaper than keeping the order of use, and as good for tokens that live minutes.
    function remember(token: string, entry: { kid: string; claims: Claims }): void {
      if (verified.size >= REMEMBERED) verified.delete(verified.keys().next().value as string)
      verified.set(token, entry)
    }

    // Whatever the library has against a token, the client learns no more than that it is not valid.
    async function signed(token: string): Promise<{ header: { kid: string }; payload: unknown }> {
      if (!CANONICAL.test(token) || !hasLowS(token)) throw new Problem('TOKEN_INVALID')
      try {
        return await fastify.jwt.verify(token)
      } catch (cause) {
        throw new Problem('TOKEN_INVALID', { cause })
      }
    }

    function alive(claims: Claims): Claims {
      if (isExpired(claims, clock.now())) throw new Problem('TOKEN_EXPIRED')
      return claims
    }

    fastify.decorate('accessTokens', { issue, verify })
  },
  { name: 'access-tokens', dependencies: ['clock', 'config', 'jwt', 'key-ring'] }
)
