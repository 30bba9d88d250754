import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { type Code, Problem } from '../src/errors.ts'
import { isDeviceOf } from '../src/limits/device-token.ts'
import { BODY, Nothing, refusals } from '../src/schemas/answers.ts'
import { Login, TokensAnswer } from '../src/schemas/sessions.ts'
import { openSession } from '../src/sessions/sessions.ts'
import { type Credentials, findCredentials, renewPasswordHash } from '../src/users/credentials.ts'
import { trimNames } from '../src/users/names.ts'

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
    ...refusals(...BODY, 'INVALID_CREDENTIALS', 'EMAIL_UNVERIFIED', 'TOO_MANY_REQUESTS', 'DATABASE_UNAVAILABLE')
  }
}

const login: FastifyPluginAsyncTypebox = async (fastify) => {
  const { clientAddress, config, deviceCookie, limits, passwords, sessionRules } = fastify
  // Who has no address has none to verify.
  const mustVerify = ({ email, email_verified }: Credentials) =>
    config.REQUIRE_VERIFIED_EMAIL === 'on' && email !== null && !email_verified

  const preHandler = [limits.byAddress('login'), passwords.admit]
  fastify.post('/login', { schema, preHandler }, async (request, reply) => {
    const { database, guessDatabase, body } = request
    const { password, cookie = false, ...given } = body
    const typed = trimNames(given)
    const provenance = { userAgent: request.headers['user-agent'], ip: clientAddress(request.raw) }
    // What depends on the request alone comes before the account is looked up: its cost must not tell whether there is one.
    const device = deviceCookie.read(request)
    const account = await findCredentials(guessDatabase, typed)
    // The device of an owner takes none of the places for which strangers compete, and they none of its.
    const hashedFor = isDeviceOf(device, account) ? { owner: device.id } : { typed }
    const admission = passwords.admission(reply, hashedFor)

    const { session, user } = await limits.guessing(request, { attempt: 'login', typed, account }, async () => {
      const matches = await passwords.verify(password, account?.password_hash, admission)
      if (!account) throw failed(request, account, 'unknown account')
      if (!matches) throw failed(request, account, 'wrong password')
      if (account.disabled) throw failed(request, account, 'account disabled')

      // Whoever knows the password is no guesser.
      if (mustVerify(account)) return { session: undefined, user: account }

      const renewed = await passwords.renew(password, account.password_hash, admission)
      if (renewed) await renewPasswordHash(database, account, renewed)

      const session = await openSession(database, sessionRules, account, provenance)
      if (!session) throw failed(request, account, 'account changed meanwhile')
      return { session, user: { ...account, username: session.username } }
    })
    if (!session) throw failed(request, user, 'email not verified', 'EMAIL_UNVERIFIED')
    request.record('login', { account: user.id, session: session.refreshToken.session })
    // Not before all has succeeded: a cookie would go out with a refusal too.
    await deviceCookie.set(reply, user)
    return reply.tokens(session, user, cookie)
  })
}

/** The client does not learn why it failed, but for who knows the password; the record does. */
function failed(
  request: FastifyRequest,
  account: Credentials | undefined,
  reason: string,
  code: Code = 'INVALID_CREDENTIALS'
): Problem {
  request.record('login failed', { account: account?.id, detail: { reason } })
  return new Problem(code)
}

export default login
