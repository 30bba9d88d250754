import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Scope, scopeChallenge } from '../../src/admin/scopes.ts'
import { readServiceKeyId } from '../../src/admin/service-key-text.ts'
import { type FoundServiceKey, findServiceKey } from '../../src/admin/service-keys.ts'
import { Problem } from '../../src/errors.ts'
import { readBearer } from '../../src/tokens/bearer.ts'

declare module 'fastify' {
  interface FastifyInstance {
    serviceKeys: {
      /**
       * Authenticates a request by the service key that it brings as a bearer token. The key is looked up with each
       * request, so that a revoked one is refused at once. Wrong keys are counted by address.
       *
       * @returns undefined if the request brings none
       * @throws Problem TOKEN_INVALID for an unknown, revoked or expired key, or TOO_MANY_REQUESTS
       */
      authenticate(request: FastifyRequest): Promise<FoundServiceKey | undefined>
      /**
       * The same, for a request that needs a scope.
       *
       * @throws Problem FORBIDDEN without the scope, or if the request comes from a browser
       */
      authorize(request: FastifyRequest, scope: Scope): Promise<FoundServiceKey | undefined>
      /** Whether a request comes from a browser, in which no service key may be: whoever opens its tools can read it. */
      isFromBrowser(request: FastifyRequest): boolean
    }
  }
}

/** Service keys, as they come with requests. */
export default fp(
  async (fastify) => {
    const { clientAddress, limits } = fastify
    const countWrong = limits.byAddress('admin')

    async function authenticate(request: FastifyRequest): Promise<FoundServiceKey | undefined> {
      const text = readBearer(request.headers.authorization)
      if (text === undefined || readServiceKeyId(text) === undefined) return undefined
      const found = await findServiceKey(request.database, text, clientAddress(request.raw))
      if (found) return found
      await countWrong(request)
      throw new Problem('TOKEN_INVALID')
    }

    const isFromBrowser = ({ headers }: FastifyRequest) => headers.origin !== undefined

    fastify.decorate('serviceKeys', {
      authenticate,
      isFromBrowser,
      async authorize(request, scope) {
        const found = await authenticate(request)
        if (found && isFromBrowser(request)) {
          const message = 'A service key is not for browsers.'
          throw new Problem('FORBIDDEN', { message, headers: { 'www-authenticate': scopeChallenge() } })
        }
        if (found && !found.scopes.includes(scope)) {
          throw new Problem('FORBIDDEN', { headers: { 'www-authenticate': scopeChallenge(scope) } })
        }
        return found
      }
    })
  },
  { name: 'service-keys', dependencies: ['client-address', 'database', 'limits'] }
)
