import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { JwksAnswer, Nothing, refusals } from '../../src/schemas.ts'

const schema = {
  operationId: 'jwks',
  summary: 'The public keys',
  description: 'The key ring as a JSON Web Key Set (RFC 7517): what access tokens are verified with.',
  tags: ['keys'],
  querystring: Nothing,
  response: { 200: JwksAnswer, ...refusals() }
}

const jwks: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/jwks.json', { schema }, async (_request, reply) => {
    reply.header('cache-control', 'public, max-age=300')
    return fastify.keyRing.jwks()
  })
}

export default jwks
