import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, NO_CONTENT, Nothing, refusals } from '../../../src/schemas/answers.ts'
import { EmailTokenBody } from '../../../src/schemas/email.ts'

const schema = {
  operationId: 'rejectEmail',
  summary: 'Reject an account that was registered with your email address',
  description: `For the owner of the mailbox who did not register, with the token of the verification mail. Removes the address
from the account. If the account was registered with that address and has no username, it is deleted; with
REQUIRE_VERIFIED_EMAIL, an account with a username is disabled. If an operator has set the address, the account gets its
previous address back, if that is available; without one and without a username it is disabled. A verified address is
not removed. The last administrator is neither deleted nor disabled: LAST_ADMIN, and the token stays valid.`,
  tags: ['mail'],
  querystring: Nothing,
  body: EmailTokenBody,
  response: {
    ...NO_CONTENT,
    ...refusals(...BODY, 'EMAIL_TOKEN_INVALID', 'ACCOUNT_EXISTS', 'LAST_ADMIN', 'DATABASE_UNAVAILABLE')
  }
}

const reject: FastifyPluginAsyncTypebox = async (fastify) => {
  const { emailLinks } = fastify

  fastify.post('/reject', { schema }, async (request, reply) => {
    await emailLinks.reject(request, request.body)
    reply.code(204)
  })
}

export default reject
