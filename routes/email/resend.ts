import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ACCEPTED, BODY, MAIL_ASKED, Nothing, refusals } from '../../src/schemas/answers.ts'
import { EmailBody } from '../../src/schemas/email.ts'
import { trimEmail } from '../../src/users/names.ts'

const schema = {
  operationId: 'resendVerification',
  summary: 'Resend the verification mail',
  description: `The answer does not depend on whether the account exists or its address is verified. The number of
mails to an address is limited to a few per hour.`,
  tags: ['mail'],
  querystring: Nothing,
  body: EmailBody,
  response: {
    ...ACCEPTED,
    ...refusals(...BODY, 'TOO_MANY_REQUESTS', 'MAIL_UNAVAILABLE', 'DATABASE_UNAVAILABLE')
  }
}

const resend: FastifyPluginAsyncTypebox = async (fastify) => {
  const { limits, mail } = fastify
  const preHandler = [mail.require, limits.byAddress('mail')]

  fastify.post('/resend', { schema, preValidation: trimEmail, preHandler }, async (request, reply) => {
    await mail.request(request, { kind: 'verification asked', recipient: request.body.email })
    request.record('mail asked', { detail: { reason: 'verification' } })
    reply.code(202)
    return MAIL_ASKED
  })
}

export default resend
