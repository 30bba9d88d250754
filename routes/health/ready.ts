import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { checkWritable } from '../../src/database/database.ts'
import { Nothing, refusals } from '../../src/schemas/answers.ts'

const schema = {
  operationId: 'ready',
  summary: 'Readiness',
  description: 'Answers 200 if the database is reachable and writable.',
  tags: ['service'],
  querystring: Nothing,
  response: {
    200: Type.Object({ status: Type.Literal('ok') }, { additionalProperties: false }),
    ...refusals('DATABASE_UNAVAILABLE')
  }
}

const ready: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/ready', { schema, config: { vital: true } }, async ({ database }) => {
    await checkWritable(database)
    return { status: 'ok' as const }
  })
}

export default ready
