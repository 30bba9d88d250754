import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { Nothing, refusals } from '../src/schemas.ts'

const schema = {
  operationId: 'openapi',
  summary: 'This document',
  description: 'The OpenAPI 3.1 document of this API.',
  tags: ['service'],
  querystring: Nothing,
  response: { 200: Type.Object({}, { additionalProperties: true }), ...refusals() }
}

const openapi: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/openapi.json', { schema }, async (_request, reply) => {
    reply.header('cache-control', 'public, max-age=3600')
    return fastify.swagger()
  })
}

export default openapi
