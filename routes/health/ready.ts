import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { ping } from '../../src/database.ts'
import { Nothing, refusals } from '../../src/schemas.ts'

const schema = {
  operationId: 'ready',
  summary: 'Can the service do its work',
  description: 'Answers 200 when the database does.',
  tags: ['service'],
  querystring: Nothing,
  response: {
    200: Type.Object({ status: Type.Literal('ok') }, { additionalProperties: false }),
    ...refusals('DATABASE_UNAVAILABLE')
  }
}

const ready: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/ready', { schema, config: { vital: true } }, async ({ database }) => {
    await ping(database)
    return { status: 'ok' as const }
  })
}

export default ready
