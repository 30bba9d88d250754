import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, NO_CONTENT, Nothing, refusals } from '../../../src/schemas/answers.ts'
import { EmailUndo } from '../../../src/schemas/email.ts'

const schema = {
  operationId: 'undoEmailChange',
  summary: 'Undo a change of the email address',
  description: `Takes the token of the mail to the address before, once and for seven days. The account has that address again,
whatever was changed later. The password, every session, every device cookie and every token that was mailed before are
void. With \`new_password\`, for which the rules of \`/register\` hold, that is the password from then on; without it a mail
to choose one is sent to the address that is back. A password that is rejected does not use the token up.`,
  tags: ['mail'],
  querystring: Nothing,
  body: EmailUndo,
  response: {
    ...NO_CONTENT,
    ...refusals(
      ...BODY,
      'EMAIL_TOKEN_INVALID',
      'PASSWORD_REJECTED',
      'ACCOUNT_EXISTS',
      'TOO_MANY_REQUESTS',
      'MAIL_UNAVAILABLE',
      'DATABASE_UNAVAILABLE'
    )
  }
}

const undo: FastifyPluginAsyncTypebox = async (fastify) => {
  const { emailLinks, limits, passwords, requireMail } = fastify

  const preHandler = [requireMail, limits.byAddress('password'), passwords.admitFor('new_password')]

  fastify.post('/undo', { schema, preHandler }, async (request, reply) => {
    await emailLinks.undoChange(request, request.body, reply)
    reply.code(204)
  })
}

export default undo
