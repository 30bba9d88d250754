import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { verifyEmail } from '../../src/email-addresses.ts'
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
  const { clock } = fastify

  fastify.post('/verify', { schema }, async (request, reply) => {
    const account = await verifyEmail(request.database, clock, request.body.token)
    request.record('email verified', { account })
    reply.code(204)
  })
}

export default verify
