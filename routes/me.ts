import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Problem } from '../src/errors.ts'
import { BEARER, Nothing, refusals, UserAnswer } from '../src/schemas.ts'
import { findSessionUser } from '../src/sessions.ts'

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
  const { clock, config } = fastify

  fastify.get('/me', { schema, onRequest: fastify.authenticate }, async ({ database, user }) => {
    const found = await findSessionUser(database, clock, config, user)
    if (!found) throw new Problem('TOKEN_INVALID')
    return found
  })
}

export default me
