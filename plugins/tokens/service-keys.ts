import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { readServiceKeyId } from '../../src/admin/service-key-text.ts'
import { type FoundServiceKey, findServiceKey } from '../../src/admin/service-keys.ts'
import { Problem } from '../../src/errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    serviceKeys: {
      /**
       * Authenticates a request by the service key that it brings as a bearer token. The key is looked up with each
       * request, so that a revoked one is refused at once.
       *
       * @returns undefined if the request brings none
       * @throws Problem FORBIDDEN if the request comes from a browser; TOKEN_INVALID for an unknown, revoked or expired
       * key
       */
      authenticate(request: FastifyRequest): Promise<FoundServiceKey | undefined>
      /**
       * The same, for a request that needs a scope.
       *
       * @throws Problem FORBIDDEN without the scope
       */
      authorize(request: FastifyRequest, scope: string): Promise<FoundServiceKey | undefined>
    }
  }
}

const BEARER = /^bearer +/i

/** Service keys, as they come with requests. */
export default fp(
  async (fastify) => {
    const { clientAddress } = fastify

    async function authenticate(request: FastifyRequest): Promise<FoundServiceKey | undefined> {
      const { authorization = '', origin } = request.headers
      const text = authorization.replace(BEARER, '').trim()
      if (!BEARER.test(authorization) || readServiceKeyId(text) === undefined) return undefined
      // A browser, in which such a key must not be, sends the header.
      if (origin !== undefined) throw new Problem('FORBIDDEN', { message: 'A service key is not for browsers.' })
      const found = await findServiceKey(request.database, text, clientAddress(request.raw))
      if (!found) throw new Problem('TOKEN_INVALID')
      return found
    }

    fastify.decorate('serviceKeys', {
      authenticate,
      async authorize(request, scope) {
        const found = await authenticate(request)
        if (found && !found.scopes.includes(scope)) {
          const challenge = `Bearer error="insufficient_scope", scope="${scope}"`
          throw new Problem('FORBIDDEN', { headers: { 'www-authenticate': challenge } })
        }
        return found
      }
    })
  },
  { name: 'service-keys', dependencies: ['client-address', 'database'] }
)
