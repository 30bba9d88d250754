import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ErrorObject } from 'ajv'
import type { FastifyRequest } from 'fastify'
import { Problem } from '../../src/errors.ts'
import { describeFaults } from '../../src/http/validation.ts'
import { BEARER, BODY, NO_CONTENT, Nothing, refusals } from '../../src/schemas/answers.ts'
import { PasswordChange, PasswordChangeByPassword } from '../../src/schemas/passwords.ts'

const schema = {
  operationId: 'changePassword',
  summary: 'Change the password',
  description: `Requires the current password, or a fresh access token of a sign-in with two factors. If the account
requires a second step, the token must be fresh in any case. The new password is subject to the rules of \`/register\`.
Ends all other sessions of the user, invalidates device cookies except the one that the answer sets, and notifies a
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
  const onRequest = [tokens.authenticateSession, factors.requireFreshSecondStep]

  /** Reports a missing current password together with the other faults of the body. */
  async function requirePassword(request: FastifyRequest): Promise<void> {
    if (request.body === undefined || factors.isFreshAal2(request)) return
    const fits = request.compileValidationSchema(PasswordChangeByPassword)
    if (!fits(request.body))
      throw new Problem('VALIDATION_FAILED', { errors: describeFaults(fits.errors as ErrorObject[]) })
  }

  const preHandler = [limits.byAddress('password'), passwords.admit]
  fastify.post('/change', { schema, onRequest, preValidation: requirePassword, preHandler }, async (request, reply) => {
    await ownAccount.changePassword(request, reply, request.body)
    reply.code(204)
  })
}

export default change
