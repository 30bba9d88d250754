import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Problem } from '../src/errors.ts'
import { BODY, Login, Nothing, refusals, TokensAnswer } from '../src/schemas.ts'
import { openSession } from '../src/sessions.ts'
import { findCredentials, renewPasswordHash } from '../src/users.ts'

const schema = {
  operationId: 'login',
  summary: 'Sign in',
  description: 'Opens a session. An unknown name and a wrong password cannot be told apart.',
  tags: ['accounts'],
  querystring: Nothing,
  body: Login,
  response: { 200: TokensAnswer, ...refusals(...BODY, 'INVALID_CREDENTIALS', 'DATABASE_UNAVAILABLE') }
}

const login: FastifyPluginAsyncTypebox = async (fastify) => {
  const { accessTokens, clientAddress, clock, config, passwords } = fastify

  fastify.post('/login', { schema }, async (request, reply) => {
    const { password, ...name } = request.body
    const origin = { userAgent: request.headers['user-agent'], ip: clientAddress(request.raw) }

    const credentials = await findCredentials(request.database, name)
    const matches = await passwords.verify(password, credentials?.password_hash, reply.disconnected)
    if (!credentials || !matches) throw new Problem('INVALID_CREDENTIALS')

    const renewed = await passwords.renew(password, credentials.password_hash, reply.disconnected)
    if (renewed) await renewPasswordHash(request.database, credentials, renewed)

    const session = await openSession(request.database, clock, credentials, origin)
    if (!session) throw new Problem('INVALID_CREDENTIALS')
    return {
      access_token: accessTokens.issue(credentials, session.id),
      token_type: 'Bearer' as const,
      expires_in: config.ACCESS_TOKEN_TTL,
      refresh_token: session.refreshToken
    }
  })
}

export default login
