import jwt, { type FastifyJWTOptions } from '@fastify/jwt'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import type { Claims } from '../../src/tokens/claims.ts'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    payload: Partial<Claims>
    user: Claims
  }
}

interface Decoded {
  header: { alg?: unknown; typ?: unknown; kid?: unknown }
}

/**
 * The keys of the ring for the JWT library: ES256 alone, and of a header only `alg`, `typ` and `kid` count. Access tokens
 * are signed in plugins/tokens/access-tokens.ts.
 */
export default fp(
  async (fastify) => {
    const { keys } = fastify

    // An allow-list before any cryptography, and before a look into the database (RFC 8725 §3.1, §3.11).
    async function publicKey({ header: { alg, typ, kid } }: Decoded): Promise<string> {
      const key = alg === 'ES256' && typ === 'at+jwt' && typeof kid === 'string' && (await keys.discover(kid))
      if (!key) throw new Problem('TOKEN_INVALID')
      return key.publicKey
    }

    await fastify.register(jwt, {
      secret: { public: publicKey, private: async () => keys.signingKey().privateKey },
      sign: { algorithm: 'ES256', header: { typ: 'at+jwt' } },
      // The claims are judged by src/tokens/claims.ts, on the injected clock.
      verify: { algorithms: ['ES256'], complete: true, ignoreExpiration: true, ignoreNotBefore: true }
    } as unknown as FastifyJWTOptions)
  },
  { name: 'jwt', dependencies: ['keys'] }
)
