import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { BEARER, Nothing, refusals } from '../src/schemas/answers.ts'

const schema = {
  operationId: 'secret',
  summary: 'Read the secret',
  description: 'Requires a valid access token, which is verified without the database.',
  tags: ['accounts'],
  security: [{ bearer: [] }],
  querystring: Nothing,
  response: {
    200: Type.Object(
      { message: Type.String({ examples: ['Hello ada, this is the secret.'] }) },
      { additionalProperties: false }
    ),
    ...refusals(...BEARER)
  }
}

const secret: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/secret', { schema, onRequest: fastify.tokens.authenticate }, ({ user }) => ({
    message: `Hello ${user.preferred_username ?? user.sub}, this is the secret.`
  }))
}

export default secret
