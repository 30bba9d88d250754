import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { Nothing, refusals } from '../../src/schemas/answers.ts'

const schema = {
  operationId: 'changePasswordPage',
  summary: 'The page that changes a password',
  description: `Redirects to the page on which a password is changed: password managers open it (Well-Known URL for
Changing Passwords). Exists only where the service has pages of its own for people.`,
  tags: ['service'],
  querystring: Nothing,
  response: {
    303: {
      description: 'A redirect to the page.',
      type: 'null',
      headers: { location: Type.String({ description: 'the URL', examples: ['/pages/account/password'] }) }
    },
    ...refusals()
  }
}

const changePassword: FastifyPluginAsyncTypebox = async (fastify) => {
  const { config, pages } = fastify
  if (!pages.hosted) return

  // A proxy may have the service under a path of its own.
  const { pathname } = new URL(`${config.PUBLIC_URL}/pages/account/password`)
  fastify.get('/change-password', { schema }, async (_request, reply) => reply.redirect(pathname, 303))
}

export default changePassword
