import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { changePassword, wrongPassword } from '../../src/flows/password-change.ts'
import { BEARER, BODY, NO_CONTENT, Nothing, refusals } from '../../src/schemas/answers.ts'
import { PasswordChange } from '../../src/schemas/passwords.ts'
import { findOwnCredentials } from '../../src/users/credentials.ts'

const schema = {
  operationId: 'changePassword',
  summary: 'Change the password',
  description: `Requires the current password; the new one is subject to the rules of \`/register\`. Ends all other
sessions of the user, invalidates device cookies except the one that the answer sets, and notifies a verified email
address.`,
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
      'PASSWORD_REJECTED',
      'TOO_MANY_REQUESTS',
      'DATABASE_UNAVAILABLE'
    )
  }
}

const change: FastifyPluginAsyncTypebox = async (fastify) => {
  const { limits, mail, passwords, sessions, tokens } = fastify
  const onRequest = tokens.authenticateSession

  const preHandler = [limits.byAddress('password'), passwords.admit]
  fastify.post('/change', { schema, onRequest, preHandler }, async (request, reply) => {
    const { account: user, body, database } = request
    const { sid } = request.user
    passwords.accept(body.new_password, [user.username, user.email], '/new_password')
    const admission = passwords.admission(reply, { owner: user.id, typed: user })
    const account = await findOwnCredentials(database, user.id)

    const owner = await limits.guessing(request, { attempt: 'password change', typed: user, account }, async () => {
      const matches = await passwords.verify(body.current_password, account?.password_hash, admission)
      if (!account || !matches) {
        request.record('password change failed', {
          account: user.id,
          session: sid,
          detail: { reason: 'wrong password' }
        })
        throw wrongPassword()
      }

      const hash = await passwords.hash(body.new_password, admission)
      const notify = mail.available && user.email_verified ? String(user.email) : undefined
      return changePassword(database, sessions.rules, request.user, account, { hash, notify })
    })
    mail.wake()
    request.record('password changed', { account: user.id, session: sid })
    await limits.rememberDevice(reply, owner)
    reply.code(204)
  })
}

export default change
