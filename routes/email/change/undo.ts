import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, EmailTokenBody, NO_CONTENT, Nothing, refusals } from '../../../src/schemas.ts'

const schema = {
  operationId: 'undoEmailChange',
  summary: 'Undo a change of the email address',
  description: `Takes the token of the mail to the address before, once and for seven days. The account has that address again,
whatever was changed later, every session ends, and a mail to choose another password is sent there.`,
  tags: ['mail'],
  querystring: Nothing,
  body: EmailTokenBody,
  response: {
    ...NO_CONTENT,
    ...refusals(...BODY, 'EMAIL_TOKEN_INVALID', 'ACCOUNT_EXISTS', 'MAIL_UNAVAILABLE', 'DATABASE_UNAVAILABLE')
  }
}

const undo: FastifyPluginAsyncTypebox = async (fastify) => {
  const { emailLinks, requireMail } = fastify

  fastify.post('/undo', { schema, preHandler: requireMail }, async (request, reply) => {
    await emailLinks.undoChange(request, request.body)
    reply.code(204)
  })
}

export default undo
