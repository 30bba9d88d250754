import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import fp from 'fastify-plugin'
import { bearerToken } from '../../src/tokens/bearer.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** An onRequest hook: lets pass who brings a valid access token, and sets `request.user` to its claims. */
    authenticate(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void
  }
}

/** With a callback rather than a promise, since a token that was seen before is answered for at once. */
export default fp(
  async (fastify) => {
    const { accessTokens } = fastify

    fastify.decorate('authenticate', (request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction) => {
      const claims = accessTokens.verify(bearerToken(request.headers.authorization))
      if (!(claims instanceof Promise)) {
        request.user = claims
        done()
        return
      }
      claims.then((verified) => {
        request.user = verified
        done()
      }, done)
    })
  },
  { name: 'authenticate', dependencies: ['access-tokens'] }
)
