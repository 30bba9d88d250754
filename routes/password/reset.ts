import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, NO_CONTENT, Nothing, refusals } from '../../src/schemas/answers.ts'
import { PasswordReset } from '../../src/schemas/passwords.ts'

const schema = {
  operationId: 'resetPassword',
  summary: 'Choose another password',
  description: `Takes the token of a mail, once and for 30 minutes; for the password the rules of \`/register\` hold, and one that
is rejected does not use the token up. Every session of the user ends, wrong passwords are forgotten, and the address counts
as verified. It does not sign in, but has the device known, so that its owner can while strangers are guessing.`,
  tags: ['mail'],
  querystring: Nothing,
  body: PasswordReset,
  response: {
    ...NO_CONTENT,
    ...refusals(
      ...BODY,
      'EMAIL_TOKEN_INVALID',
      'PASSWORD_REJECTED',
      'TOO_MANY_REQUESTS',
      'MAIL_UNAVAILABLE',
      'DATABASE_UNAVAILABLE'
    )
  }
}

const reset: FastifyPluginAsyncTypebox = async (fastify) => {
  const { emailLinks, limits, passwords, requireMail } = fastify
  const preHandler = [requireMail, limits.byAddress('password'), passwords.admit]

  fastify.post('/reset', { schema, preHandler }, async (request, reply) => {
    await emailLinks.resetPassword(request, request.body, reply)
    reply.code(204)
  })
}

export default reset
