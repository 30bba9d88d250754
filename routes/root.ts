import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { Nothing, refusals } from '../src/schemas/answers.ts'

const schema = {
  operationId: 'root',
  summary: 'Start page',
  description: 'Redirects to the API reference.',
  tags: ['service'],
  querystring: Nothing,
  response: {
    302: {
      description: 'A redirect to the API reference.',
      type: 'null',
      headers: { location: Type.String({ description: 'the URL of the API reference', examples: ['/docs'] }) }
    },
    ...refusals()
  }
}

/** Redirects a person who opens the address that the start prints. */
const root: FastifyPluginAsyncTypebox = async (fastify) => {
  // A proxy may have the service under a path of its own.
  const { pathname } = new URL(`${fastify.config.PUBLIC_URL}/docs`)
  fastify.get('/', { schema }, async (_request, reply) => reply.redirect(pathname))
}

export default root
