import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { confirmNewEmail } from '../../../src/email-addresses.ts'
import { BODY, EmailTokenBody, NO_CONTENT, Nothing, refusals } from '../../../src/schemas.ts'

const schema = {
  operationId: 'confirmEmailChange',
  summary: 'Confirm a new email address',
  description: `Takes the token of a mail to the new address, once and for a day. The one before, where it had been verified, gets a
mail with which this can be undone for seven days. Another password, or another change of the address, voids the token.`,
  tags: ['mail'],
  querystring: Nothing,
  body: EmailTokenBody,
  response: {
    ...NO_CONTENT,
    ...refusals(...BODY, 'EMAIL_TOKEN_INVALID', 'ACCOUNT_EXISTS', 'MAIL_UNAVAILABLE', 'DATABASE_UNAVAILABLE')
  }
}

const confirm: FastifyPluginAsyncTypebox = async (fastify) => {
  const { clock, outbox, requireMail } = fastify

  fastify.post('/confirm', { schema, preHandler: requireMail }, async (request, reply) => {
    const account = await confirmNewEmail(request.database, clock, request.body.token)
    outbox.nudge()
    request.record('email changed', { account })
    reply.code(204)
  })
}

export default confirm
