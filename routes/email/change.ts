import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ACCEPTED, BEARER, BODY, MAIL_ASKED, Nothing, refusals } from '../../src/schemas/answers.ts'
import { EmailChange, EmailChangeByPassword } from '../../src/schemas/email.ts'

const schema = {
  operationId: 'changeEmail',
  summary: 'Request a change of the email address',
  description: `Requires the current password; if the account requires a second step, a fresh access token too. For
an account without a password, a fresh access token is enough. The address changes once the token of a mail to the new address confirms it. If another account has the address, only the
mail says so. An account without an address gets its first one in the same way.`,
  tags: ['mail'],
  security: [{ bearer: [] }],
  querystring: Nothing,
  body: EmailChange,
  response: {
    ...ACCEPTED,
    ...refusals(
      ...BEARER,
      ...BODY,
      'INVALID_CREDENTIALS',
      'STEP_UP_REQUIRED',
      'TOO_MANY_REQUESTS',
      'MAIL_UNAVAILABLE',
      'DATABASE_UNAVAILABLE'
    )
  }
}

const change: FastifyPluginAsyncTypebox = async (fastify) => {
  const { factors, limits, mail, ownAccount, passwords, tokens } = fastify
  const onRequest = [tokens.authenticateSession, factors.requireFreshBesidePassword]
  const preValidation = ownAccount.requirePassword('email change', EmailChangeByPassword)
  const preHandler = [mail.require, limits.byAddress('mail'), passwords.admit]

  fastify.post('/change', { schema, onRequest, preValidation, preHandler }, async (request, reply) => {
    await ownAccount.askEmailChange(request, reply, request.body)
    reply.code(202)
    return MAIL_ASKED
  })
}

export default change
