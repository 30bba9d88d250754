import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { findEmailToken } from '../../src/email-tokens.ts'
import { limitSecret } from '../../src/limits.ts'
import { resetPassword } from '../../src/password-reset.ts'
import { BODY, NO_CONTENT, Nothing, PasswordReset, refusals } from '../../src/schemas.ts'

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
    ...refusals(...BODY, 'EMAIL_TOKEN_INVALID', 'PASSWORD_REJECTED', 'MAIL_UNAVAILABLE', 'DATABASE_UNAVAILABLE')
  }
}

const reset: FastifyPluginAsyncTypebox = async (fastify) => {
  const { clock, deviceCookie, outbox, passwords, requireMail, rootSecret, sessionRules } = fastify
  const secret = limitSecret(rootSecret)

  fastify.post('/reset', { schema, preHandler: requireMail }, async (request, reply) => {
    const { body, database } = request
    const { token, new_password } = body
    const { names } = await findEmailToken(database, clock, 'reset password', token)
    passwords.accept(new_password, [names.username, names.email], '/new_password')
    const hash = await passwords.hash(new_password, reply.disconnected)
    const { user, ended } = await resetPassword(database, sessionRules, secret, { token, hash })
    outbox.nudge()
    request.record('password reset', { account: user, detail: { count: ended } })
    deviceCookie.set(reply, user)
    reply.code(204)
  })
}

export default reset
