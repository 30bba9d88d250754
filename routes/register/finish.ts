import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, Nothing, refusals } from '../../src/schemas/answers.ts'
import { RegistrationEnd, UserAnswer } from '../../src/schemas/users.ts'

const schema = {
  operationId: 'finishRegistration',
  summary: 'Finish a registration',
  description: `Creates the account of an email address with the token of the mail that \`/register\` has sent there, once, within a
day. After normalization to NFC, a password needs at least PASSWORD_MIN characters (8 by default) and at most 72 bytes in
UTF-8; it must not be a common password or one of the names. A rejected password or a username that is taken does not use up
the token.`,
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

/** Exists only with HIDE_ACCOUNTS; otherwise `/register` creates the account. */
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
