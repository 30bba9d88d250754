import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ErrorObject } from 'ajv'
import type { FastifyRequest } from 'fastify'
import { Problem } from '../../src/errors.ts'
import { changePassword, wrongPassword } from '../../src/flows/password-change.ts'
import { describeFaults } from '../../src/http/validation.ts'
import { BEARER, BODY, NO_CONTENT, Nothing, refusals } from '../../src/schemas/answers.ts'
import { PasswordChange, PasswordChangeByPassword } from '../../src/schemas/passwords.ts'
import { type Credentials, findOwnCredentials } from '../../src/users/credentials.ts'

const schema = {
  operationId: 'changePassword',
  summary: 'Change the password',
  description: `Requires the current password, or a fresh access token of a sign-in with two factors. If the account
requires a second step, the token has to be fresh in any case. The new password is subject to the rules of \`/register\`. Ends all other
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
      'STEP_UP_REQUIRED',
      'PASSWORD_REJECTED',
      'TOO_MANY_REQUESTS',
      'DATABASE_UNAVAILABLE'
    )
  }
}

const change: FastifyPluginAsyncTypebox = async (fastify) => {
  const { factors, limits, mail, passwords, sessions, tokens } = fastify
  const onRequest = [tokens.authenticateSession, factors.requireFreshSecondStep]

  /** The schema of a request depends on its token. */
  async function requirePassword(request: FastifyRequest): Promise<void> {
    if (request.body === undefined || factors.isFreshAal2(request)) return
    const fits = request.compileValidationSchema(PasswordChangeByPassword)
    if (!fits(request.body))
      throw new Problem('VALIDATION_FAILED', { errors: describeFaults(fits.errors as ErrorObject[]) })
  }

  const preHandler = [limits.byAddress('password'), passwords.admit]
  fastify.post('/change', { schema, onRequest, preValidation: requirePassword, preHandler }, async (request, reply) => {
    const { account: user, body, database } = request
    const { sid } = request.user
    passwords.accept(body.new_password, [user.username, user.email], '/new_password')
    const admission = passwords.admission(reply, { owner: user.id, typed: user })
    const account = await findOwnCredentials(database, user.id)

    const changeOf = async (credentials: Credentials) => {
      const hash = await passwords.hash(body.new_password, admission)
      const notify = mail.available && user.email_verified ? String(user.email) : undefined
      return changePassword(database, sessions.rules, request.user, credentials, { hash, notify })
    }
    const changeByPassword = (current: string) =>
      limits.guessing(request, { attempt: 'password change', typed: user, account }, async () => {
        const matches = await passwords.verify(current, account?.password_hash, admission)
        if (account && matches) return changeOf(account)
        const detail = { reason: 'wrong password' }
        request.record('password change failed', { account: user.id, session: sid, detail })
        throw wrongPassword()
      })

    const { current_password: current } = body
    if (current === undefined && !account) throw new Problem('TOKEN_INVALID')
    const owner = await (current === undefined ? changeOf(account as Credentials) : changeByPassword(current))
    mail.wake()
    request.record('password changed', { account: user.id, session: sid })
    await limits.rememberDevice(reply, owner)
    reply.code(204)
  })
}

export default change
