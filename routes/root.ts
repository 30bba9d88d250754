import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Nothing } from '../src/schemas/answers.ts'

/** Redirects a person who opens the address that the start prints. */
const root: FastifyPluginAsyncTypebox = async (fastify) => {
  const { config, pages } = fastify
  const { path, status } = pages.hosted ? { path: 'pages/account', status: 303 } : { path: 'docs', status: 302 }
  // A proxy may have the service under a path of its own.
  const { pathname } = new URL(`${config.PUBLIC_URL}/${path}`)
  fastify.get('/', { schema: { hide: true, querystring: Nothing } }, async (_request, reply) =>
    reply.redirect(pathname, status)
  )
}

export default root
