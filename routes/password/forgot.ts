import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { trimEmail } from '../../src/http/typed-email.ts'
import { ACCEPTED, BODY, MAIL_ASKED, Nothing, refusals } from '../../src/schemas/answers.ts'
import { EmailBody } from '../../src/schemas/email.ts'

const schema = {
  operationId: 'forgotPassword',
  summary: 'Ask for a mail to choose another password',
  description: `The answer is always the same, after the same time, whether there is such an account, or it is disabled. Of
several mails the newest counts. An address is sent a few mails an hour at most.`,
  tags: ['mail'],
  querystring: Nothing,
  body: EmailBody,
  response: {
    ...ACCEPTED,
    ...refusals(...BODY, 'TOO_MANY_REQUESTS', 'MAIL_UNAVAILABLE', 'DATABASE_UNAVAILABLE')
  }
}

const forgot: FastifyPluginAsyncTypebox = async (fastify) => {
  const { askForMail, limits, requireMail } = fastify
  const preHandler = [requireMail, limits.byAddress('mail')]

  fastify.post('/forgot', { schema, preValidation: trimEmail, preHandler }, async (request, reply) => {
    await askForMail(request, { kind: 'reset asked', recipient: request.body.email })
    request.record('mail asked', { detail: { reason: 'password reset' } })
    reply.code(202)
    return MAIL_ASKED
  })
}

export default forgot
