import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Nothing } from '../../src/schemas/answers.ts'

/**
 * Redirects to the page on which a password is changed, for password managers (W3C: A Well-Known URL for Changing
 * Passwords). Exists only with the hosted pages.
 */
const changePassword: FastifyPluginAsyncTypebox = async (fastify) => {
  const { config, pages } = fastify
  if (!pages.hosted) return

  // A proxy may have the service under a path of its own.
  const { pathname } = new URL(`${config.PUBLIC_URL}/pages/account/password`)
  fastify.get('/change-password', { schema: { hide: true, querystring: Nothing } }, async (_request, reply) =>
    reply.redirect(pathname, 303)
  )
}

export default changePassword
