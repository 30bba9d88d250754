import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { changePassword, wrongPassword } from '../../src/password-change.ts'
import { BEARER, BODY, NO_CONTENT, Nothing, PasswordChange, refusals } from '../../src/schemas.ts'
import { findOwnCredentials } from '../../src/users.ts'

const schema = {
  operationId: 'changePassword',
  summary: 'Change the password',
  description: 'Needs the current one. Every other session of the user ends.',
  tags: ['accounts'],
  security: [{ bearer: [] }],
  querystring: Nothing,
  body: PasswordChange,
  response: {
    ...NO_CONTENT,
    ...refusals(...BEARER, ...BODY, 'INVALID_CREDENTIALS', 'PASSWORD_REJECTED', 'DATABASE_UNAVAILABLE')
  }
}

const change: FastifyPluginAsyncTypebox = async (fastify) => {
  const { authenticateSession: onRequest, passwords, sessionRules } = fastify

  fastify.post('/change', { schema, onRequest }, async ({ account, body, database, user }, reply) => {
    passwords.accept(body.new_password, [account.username, account.email], '/new_password')

    const credentials = await findOwnCredentials(database, user.sub)
    const matches = await passwords.verify(body.current_password, credentials?.password_hash, reply.disconnected)
    if (!credentials || !matches) throw wrongPassword()

    const hash = await passwords.hash(body.new_password, reply.disconnected)
    await changePassword(database, sessionRules, user, credentials, hash)
    reply.code(204)
  })
}

export default change
