import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, NO_CONTENT, Nothing, refusals } from '../../../src/schemas/answers.ts'
import { EmailUndo } from '../../../src/schemas/email.ts'

const schema = {
  operationId: 'undoEmailChange',
  summary: 'Revert a change of the email address',
  description: `Takes the token of the mail to the previous address, once, within seven days. Restores that address,
whatever was changed later, and invalidates the password, all sessions, device cookies and tokens of earlier mails. The
authenticator app, passkeys and recovery codes that were added since the change are deleted.
\`new_password\`, subject to the rules of \`/register\`, becomes the password; without it, a mail to the restored
address lets its owner choose one. A rejected password does not use up the token.`,
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
  const { emailLinks, limits, mail, passwords } = fastify

  const preHandler = [mail.require, limits.byAddress('password'), passwords.admitFor('new_password')]

  fastify.post('/undo', { schema, preHandler }, async (request, reply) => {
    await emailLinks.undoChange(request, request.body, reply)
    reply.code(204)
  })
}

export default undo
