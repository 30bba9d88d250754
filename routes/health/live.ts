import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { Nothing, refusals } from '../../src/schemas/answers.ts'

const schema = {
  operationId: 'live',
  summary: 'Liveness',
  tags: ['service'],
  querystring: Nothing,
  response: { 200: Type.Object({ status: Type.Literal('ok') }, { additionalProperties: false }), ...refusals() }
}

const live: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/live', { schema, config: { vital: true } }, async () => ({ status: 'ok' as const }))
}

export default live
