import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, Nothing, Registration, refusals, UserAnswer } from '../src/schemas.ts'
import { addUser } from '../src/users.ts'

const schema = {
  operationId: 'register',
  summary: 'Register',
  description: `Makes an account with a username, an email address, or both. A password, once in NFC, has at least as many
characters as PASSWORD_MIN says (8 by default) and at most 72 bytes in UTF-8; it is no common one, and neither of the names.`,
  tags: ['accounts'],
  querystring: Nothing,
  body: Registration,
  response: {
    201: UserAnswer,
    ...refusals(...BODY, 'PASSWORD_REJECTED', 'ACCOUNT_EXISTS', 'TOO_MANY_REQUESTS', 'DATABASE_UNAVAILABLE')
  }
}

const register: FastifyPluginAsyncTypebox = async (fastify) => {
  const { clock, limits, passwords } = fastify

  fastify.post('/register', { schema, preHandler: limits.byAddress('register') }, async (request, reply) => {
    const { password, ...names } = request.body
    passwords.accept(password, [names.username, names.email])
    const passwordHash = await passwords.hash(password, reply.disconnected)
    const user = await addUser(request.database, clock, { ...names, passwordHash })
    request.record('registered', { account: user.id })
    reply.code(201)
    return user
  })
}

export default register
