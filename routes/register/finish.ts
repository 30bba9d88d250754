import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, Nothing, refusals } from '../../src/schemas/answers.ts'
import { RegistrationEnd, UserAnswer } from '../../src/schemas/users.ts'

const schema = {
  operationId: 'finishRegistration',
  summary: 'Finish a registration',
  description: `Makes the account of an email address with the token of the mail that \`/register\` has sent there, once and for a
day. A password, once in NFC, has at least as many characters as PASSWORD_MIN says (8 by default) and at most 72 bytes in
UTF-8; it is no common one, and neither of the names. What is refused for the password or for a username that is taken does
not use the token up.`,
  tags: ['accounts'],
  querystring: Nothing,
  body: RegistrationEnd,
  response: {
    201: UserAnswer,
    ...refusals(
      ...BODY,
      'EMAIL_TOKEN_INVALID',
      'PASSWORD_REJECTED',
      'ACCOUNT_EXISTS',
      'TOO_MANY_REQUESTS',
      'DATABASE_UNAVAILABLE'
    )
  }
}

/** Where accounts are not hidden, a registration ends where it begins, and there is no such route. */
const finish: FastifyPluginAsyncTypebox = async (fastify) => {
  const { config, emailLinks, limits, passwords } = fastify
  if (config.HIDE_ACCOUNTS === 'off') return

  fastify.post(
    '/finish',
    { schema, preHandler: [limits.byAddress('register'), passwords.admit] },
    async (request, reply) => {
      const user = await emailLinks.finishRegistration(request, request.body, reply)
      reply.code(201)
      return user
    }
  )
}

export default finish
