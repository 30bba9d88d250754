import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, NO_CONTENT, Nothing, refusals } from '../../../src/schemas/answers.ts'
import { EmailTokenBody } from '../../../src/schemas/email.ts'

const schema = {
  operationId: 'rejectEmail',
  summary: 'Reject an account that was registered with your email address',
  description: `Takes the token of the mail that verifies an address, from somebody who has the mailbox and did not register. The
address is taken off the account, which is deleted where it was registered with that address and has no username. With
REQUIRE_VERIFIED_EMAIL one that has a username is disabled. Where an operator has given the account the address, it gets the
one before back, if there is one to be had back; without that and without a username it is disabled. An address that is
verified stays.`,
  tags: ['mail'],
  querystring: Nothing,
  body: EmailTokenBody,
  response: { ...NO_CONTENT, ...refusals(...BODY, 'EMAIL_TOKEN_INVALID', 'ACCOUNT_EXISTS', 'DATABASE_UNAVAILABLE') }
}

const reject: FastifyPluginAsyncTypebox = async (fastify) => {
  const { emailLinks } = fastify

  fastify.post('/reject', { schema }, async (request, reply) => {
    await emailLinks.reject(request, request.body)
    reply.code(204)
  })
}

export default reject
