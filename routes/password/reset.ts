import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, NO_CONTENT, Nothing, refusals } from '../../src/schemas/answers.ts'
import { PasswordReset } from '../../src/schemas/passwords.ts'

const schema = {
  operationId: 'resetPassword',
  summary: 'Reset the password',
  description: `Takes the token of a mail, once, within 30 minutes. The password is subject to
the rules of \`/register\`; a rejected one does not use up the token. Ends all sessions of the user, resets the counters of wrong
passwords, and verifies the address. The client is not signed in, but gets a device cookie, so that the owner can sign
in while others guess passwords; not if the account requires a second step. The second step stays required:
\`delete_passkeys\` deletes all passkeys, unless neither an app nor a recovery code is left for it (LAST_CREDENTIAL), and
\`unlink_identities\` unlinks all accounts at other providers. If nobody had verified the address before, both are done in
any case, and a second step of passkeys alone is switched off.`,
  tags: ['mail'],
  querystring: Nothing,
  body: PasswordReset,
  response: {
    ...NO_CONTENT,
    ...refusals(
      ...BODY,
      'EMAIL_TOKEN_INVALID',
      'PASSWORD_REJECTED',
      'LAST_CREDENTIAL',
      'TOO_MANY_REQUESTS',
      'MAIL_UNAVAILABLE',
      'DATABASE_UNAVAILABLE'
    )
  }
}

const reset: FastifyPluginAsyncTypebox = async (fastify) => {
  const { emailLinks, limits, mail, passwords } = fastify
  const preHandler = [mail.require, limits.byAddress('password'), passwords.admit]

  fastify.post('/reset', { schema, preHandler }, async (request, reply) => {
    await emailLinks.resetPassword(request, request.body, reply)
    reply.code(204)
  })
}

export default reset
