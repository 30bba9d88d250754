import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, Nothing, refusals } from '../src/schemas/answers.ts'
import { Login, TokensAnswer } from '../src/schemas/sessions.ts'
import { trimNames } from '../src/users/names.ts'

const schema = {
  operationId: 'login',
  summary: 'Sign in',
  description: `Creates a session. An unknown name and a wrong password are indistinguishable. With \`cookie\`, the
refresh token is set as an HttpOnly cookie and omitted from the body. If the account requires a second step, the answer
is MFA_REQUIRED with a challenge for \`/login/mfa\`, which creates the session.`,
  tags: ['accounts'],
  querystring: Nothing,
  body: Login,
  response: {
    200: TokensAnswer,
    ...refusals(
      ...BODY,
      'INVALID_CREDENTIALS',
      'EMAIL_UNVERIFIED',
      'MFA_REQUIRED',
      'TOO_MANY_REQUESTS',
      'DATABASE_UNAVAILABLE'
    )
  }
}

const login: FastifyPluginAsyncTypebox = async (fastify) => {
  const { limits, passwords, signIn, tokens } = fastify

  const preHandler = [limits.byAddress('login'), passwords.admit]
  fastify.post('/login', { schema, preHandler }, async (request, reply) => {
    const { password, cookie = false, ...names } = request.body
    const credentials = { typed: trimNames(names), password, inCookie: cookie }
    const { session, account, inCookie } = await signIn.withPassword(request, reply, credentials)
    return tokens.answer(reply, session, account, inCookie)
  })
}

export default login
