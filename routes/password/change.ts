import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BEARER, BODY, NO_CONTENT, Nothing, refusals } from '../../src/schemas/answers.ts'
import { PasswordChange, PasswordChangeByPassword } from '../../src/schemas/passwords.ts'

const schema = {
  operationId: 'changePassword',
  summary: 'Change the password',
  description: `Requires the current password, or a fresh access token of a sign-in with two factors. If the account
requires a second step, or has no password, the token must be fresh in any case; an account without one gets its first
password. The new password is subject to the rules of \`/register\`. Ends all other sessions of the user, invalidates device cookies except the one that the answer sets, and notifies a
verified email address.`,
  tags: ['accounts'],
  security: [{ bearer: [] }],
  querystring: Nothing,
  body: PasswordChange,
  response: {
    ...NO_CONTENT,
    ...refusals(
      ...BEARER,
      ...BODY,
      'INVALID_CREDENTIALS',
      'STEP_UP_REQUIRED',
      'PASSWORD_REJECTED',
      'TOO_MANY_REQUESTS',
      'DATABASE_UNAVAILABLE'
    )
  }
}

const change: FastifyPluginAsyncTypebox = async (fastify) => {
  const { factors, limits, ownAccount, passwords, tokens } = fastify
  const onRequest = [tokens.authenticateSession, factors.requireFreshBesidePassword]
  const preValidation = ownAccount.requirePassword('password change', PasswordChangeByPassword)
  const preHandler = [limits.byAddress('password'), passwords.admit]
  fastify.post('/change', { schema, onRequest, preValidation, preHandler }, async (request, reply) => {
    await ownAccount.changePassword(request, reply, request.body)
    reply.code(204)
  })
}

export default change
