import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { BEARER, BODY, NO_CONTENT, Nothing, refusals } from '../../src/schemas/answers.ts'
import { EmailVerification } from '../../src/schemas/email.ts'

const schema = {
  operationId: 'verifyEmail',
  summary: 'Verify an email address',
  description: `Takes the token of a mail to that address, valid for a day, and proof that the client owns the
account: its password, or an access token of an active session. If both are sent, the password counts. A wrong
password counts as a failed login for each name of the account, and does not use up the token. Repeating the request
succeeds as long as the address is verified by that token.`,
  tags: ['mail'],
  security: [{ bearer: [] }, {}],
  querystring: Nothing,
  body: EmailVerification,
  response: {
    ...NO_CONTENT,
    ...refusals(
      ...BEARER,
      ...BODY,
      'INVALID_CREDENTIALS',
      'FORBIDDEN',
      'EMAIL_TOKEN_INVALID',
      'TOO_MANY_REQUESTS',
      'DATABASE_UNAVAILABLE'
    )
  }
}

const verify: FastifyPluginAsyncTypebox = async (fastify) => {
  const { emailLinks, limits, passwords, tokens } = fastify
  const onRequest = async (request: FastifyRequest) => {
    if (request.headers.authorization !== undefined) await tokens.authenticateSession(request)
  }
  const preHandler = [limits.byAddress('login'), passwords.admitFor('password')]

  fastify.post('/verify', { schema, onRequest, preHandler }, async (request, reply) => {
    await emailLinks.verify(request, request.body, reply)
    reply.code(204)
  })
}

export default verify
