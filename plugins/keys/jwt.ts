import jwt, { type FastifyJWTOptions } from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import type { Claims, SessionClaims } from '../../src/tokens/claims.ts'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    payload: Partial<Claims>
    user: SessionClaims
  }
}

/** The prefix of what the library adds to requests and replies. */
const NAMESPACE = 'latchkey'

interface Decoded {
  header: { alg?: unknown; typ?: unknown; kid?: unknown }
}

/**
 * Gives the JWT library the keys of the ring: only ES256, and only `alg`, `typ` and `kid` of a header are used. Access
 * tokens are signed in src/tokens/access-tokens.ts.
 */
export default fp(
  async (fastify) => {
    const { keys } = fastify

    // The allow-list comes before any cryptography and any database query (RFC 8725 §3.1, §3.11).
    async function publicKey({ header: { alg, typ, kid } }: Decoded): Promise<string> {
      const key = alg === 'ES256' && typ === 'at+jwt' && typeof kid === 'string' && (await keys.discover(kid))
      if (!key) throw new Problem('TOKEN_INVALID')
      return key.publicKey
    }

    // An application around this one may have a `jwt` and a `user` of its own: these are others.
    fastify.decorate('jwt', {} as FastifyInstance['jwt'])
    await fastify.register(jwt, {
      namespace: NAMESPACE,
      secret: { public: publicKey, private: async () => keys.signingKey().privateKey },
      sign: { algorithm: 'ES256', header: { typ: 'at+jwt' } },
      // src/tokens/claims.ts checks the claims, by the injected clock.
      verify: { algorithms: ['ES256'], complete: true, ignoreExpiration: true, ignoreNotBefore: true }
    } as unknown as FastifyJWTOptions)
    Object.assign(fastify.jwt, Reflect.get(fastify.jwt, NAMESPACE))
  },
  { name: 'jwt', dependencies: ['keys'] }
)
