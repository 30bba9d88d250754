import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { Nothing, refusals } from '../src/schemas/answers.ts'

const schema = {
  operationId: 'root',
  summary: 'Where to begin',
  description: 'Leads to the API reference.',
  tags: ['service'],
  querystring: Nothing,
  response: {
    302: {
      description: 'The API reference is elsewhere.',
      type: 'null',
      headers: { location: Type.String({ description: 'where it is', examples: ['/docs'] }) }
    },
    ...refusals()
  }
}

/** Whoever opens the address that the start prints is led to something to read. */
const root: FastifyPluginAsyncTypebox = async (fastify) => {
  // A proxy may have the service under a path of its own.
  const { pathname } = new URL(`${fastify.config.PUBLIC_URL}/docs`)
  fastify.get('/', { schema }, async (_request, reply) => reply.redirect(pathname))
}

export default root
