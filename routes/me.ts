import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BEARER, Nothing, refusals, UserAnswer } from '../src/schemas.ts'

const schema = {
  operationId: 'me',
  summary: 'Who am I',
  description: 'The user of the access token, as long as its session is alive.',
  tags: ['accounts'],
  security: [{ bearer: [] }],
  querystring: Nothing,
  response: { 200: UserAnswer, ...refusals(...BEARER, 'DATABASE_UNAVAILABLE') }
}

const me: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/me', { schema, onRequest: fastify.authenticateSession }, ({ account }) => account)
}

export default me
