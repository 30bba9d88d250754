import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ACCEPTED, BODY, MAIL_ASKED, Nothing, refusals } from '../../src/schemas/answers.ts'
import { EmailBody } from '../../src/schemas/email.ts'
import { trimEmail } from '../../src/users/names.ts'

const schema = {
  operationId: 'forgotPassword',
  summary: 'Request a password reset',
  description: `The answer, and its timing, do not depend on whether the account exists or is disabled. Of several
mails, only the newest is valid. The number of mails to an address is limited to a few per hour.`,
  tags: ['mail'],
  querystring: Nothing,
  body: EmailBody,
  response: {
    ...ACCEPTED,
    ...refusals(...BODY, 'TOO_MANY_REQUESTS', 'MAIL_UNAVAILABLE', 'DATABASE_UNAVAILABLE')
  }
}

const forgot: FastifyPluginAsyncTypebox = async (fastify) => {
  const { limits, mail } = fastify
  const preHandler = [mail.require, limits.byAddress('mail')]

  fastify.post('/forgot', { schema, preValidation: trimEmail, preHandler }, async (request, reply) => {
    await mail.request(request, { kind: 'reset asked', recipient: request.body.email })
    request.record('mail asked', { detail: { reason: 'password reset' } })
    reply.code(202)
    return MAIL_ASKED
  })
}

export default forgot
