import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, EmailTokenBody, NO_CONTENT, Nothing, refusals } from '../../src/schemas.ts'

const schema = {
  operationId: 'verifyEmail',
  summary: 'Verify an email address',
  description: 'Takes the token of a mail to that address, once and for a day.',
  tags: ['mail'],
  querystring: Nothing,
  body: EmailTokenBody,
  response: { ...NO_CONTENT, ...refusals(...BODY, 'EMAIL_TOKEN_INVALID', 'DATABASE_UNAVAILABLE') }
}

const verify: FastifyPluginAsyncTypebox = async (fastify) => {
  const { emailLinks } = fastify

  fastify.post('/verify', { schema }, async (request, reply) => {
    await emailLinks.verify(request, request.body)
    reply.code(204)
  })
}

export default verify
