import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Problem } from '../src/errors.ts'
import { BODY, Login, Nothing, refusals, TokensAnswer } from '../src/schemas.ts'
import { openSession } from '../src/sessions.ts'
import { findCredentials, renewPasswordHash } from '../src/users.ts'

const schema = {
  operationId: 'login',
  summary: 'Sign in',
  description: `Opens a session. An unknown name and a wrong password cannot be told apart. With \`cookie\` the refresh token is
set as an HttpOnly cookie and left out of the body.`,
  tags: ['accounts'],
  querystring: Nothing,
  body: Login,
  response: { 200: TokensAnswer, ...refusals(...BODY, 'INVALID_CREDENTIALS', 'DATABASE_UNAVAILABLE') }
}

const login: FastifyPluginAsyncTypebox = async (fastify) => {
  const { clientAddress, passwords, sessionRules } = fastify

  fastify.post('/login', { schema }, async (request, reply) => {
    const { password, cookie = false, ...name } = request.body
    const origin = { userAgent: request.headers['user-agent'], ip: clientAddress(request.raw) }

    const credentials = await findCredentials(request.database, name)
    const matches = await passwords.verify(password, credentials?.password_hash, reply.disconnected)
    if (!credentials || !matches) throw new Problem('INVALID_CREDENTIALS')

    const renewed = await passwords.renew(password, credentials.password_hash, reply.disconnected)
    if (renewed) await renewPasswordHash(request.database, credentials, renewed)

    const session = await openSession(request.database, sessionRules, credentials, origin)
    if (!session) throw new Problem('INVALID_CREDENTIALS')
    return reply.tokens(session, credentials, cookie)
  })
}

export default login
