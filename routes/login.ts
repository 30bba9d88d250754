import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Problem } from '../src/errors.ts'
import { BODY, Login, Nothing, refusals, TokensAnswer } from '../src/schemas.ts'
import { openSession } from '../src/sessions.ts'
import { type Credentials, findCredentials, renewPasswordHash } from '../src/users.ts'

const schema = {
  operationId: 'login',
  summary: 'Sign in',
  description: `Opens a session. An unknown name and a wrong password cannot be told apart. With \`cookie\` the refresh token is
set as an HttpOnly cookie and left out of the body.`,
  tags: ['accounts'],
  querystring: Nothing,
  body: Login,
  response: {
    200: TokensAnswer,
    ...refusals(...BODY, 'INVALID_CREDENTIALS', 'TOO_MANY_REQUESTS', 'DATABASE_UNAVAILABLE')
  }
}

const login: FastifyPluginAsyncTypebox = async (fastify) => {
  const { clientAddress, deviceCookie, limits, passwords, sessionRules } = fastify

  fastify.post('/login', { schema, preHandler: limits.byAddress('login') }, async (request, reply) => {
    const { database, body } = request
    const { password, cookie = false, ...typed } = body
    const provenance = { userAgent: request.headers['user-agent'], ip: clientAddress(request.raw) }
    const account = await findCredentials(database, typed)

    const { session, user } = await limits.guessing(request, { attempt: 'login', typed, account }, async () => {
      const matches = await passwords.verify(password, account?.password_hash, reply.disconnected)
      if (!account) throw failed(request, account, 'unknown account')
      if (!matches) throw failed(request, account, 'wrong password')
      if (account.disabled) throw failed(request, account, 'account disabled')

      const renewed = await passwords.renew(password, account.password_hash, reply.disconnected)
      if (renewed) await renewPasswordHash(database, account, renewed)

      const session = await openSession(database, sessionRules, account, provenance)
      if (!session) throw failed(request, account, 'account changed meanwhile')
      return { session, user: account }
    })
    request.record('login', { account: user.id, session: session.refreshToken.session })
    // Not before all has succeeded: a cookie would go out with a refusal too.
    deviceCookie.set(reply, user.id)
    return reply.tokens(session, user, cookie)
  })
}

/** The client does not learn why it failed; the record does. */
function failed(request: FastifyRequest, account: Credentials | undefined, reason: string): Problem {
  request.record('login failed', { account: account?.id, detail: { reason } })
  return new Problem('INVALID_CREDENTIALS')
}

export default login
