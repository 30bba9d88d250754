import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { createDocument, type Document } from '../src/http/document.ts'
import { NOT_MODIFIED, Nothing, refusals } from '../src/schemas/answers.ts'

const schema = {
  operationId: 'openapi',
  summary: 'This document',
  description: 'The OpenAPI 3.1 document of this API.',
  tags: ['service'],
  querystring: Nothing,
  response: { 200: Type.Object({}, { additionalProperties: true }), ...NOT_MODIFIED, ...refusals() }
}

const openapi: FastifyPluginAsyncTypebox = async (fastify) => {
  let document: Document | undefined

  fastify.get('/openapi.json', { schema }, async (_request, reply) => {
    // Not before all routes are registered.
    document ??= createDocument('application/json; charset=utf-8', JSON.stringify(fastify.swagger()))
    return reply.header('cache-control', 'public, max-age=3600').document(document)
  })
}

export default openapi
