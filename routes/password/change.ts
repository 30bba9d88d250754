import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ErrorObject } from 'ajv'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Admission } from '../../src/concurrency/semaphore.ts'
import { Problem } from '../../src/errors.ts'
import { changePassword } from '../../src/flows/password-change.ts'
import { describeFaults } from '../../src/http/validation.ts'
import { BEARER, BODY, NO_CONTENT, Nothing, refusals } from '../../src/schemas/answers.ts'
import { PasswordChange, PasswordChangeByPassword } from '../../src/schemas/passwords.ts'
import { type Credentials, type DeviceOwner, findOwnCredentials } from '../../src/users/credentials.ts'

const schema = {
  operationId: 'changePassword',
  summary: 'Change the password',
  description: `Requires the current password, or a fresh access token of a sign-in with two factors. If the account
requires a second step, the token must be fresh in any case. The new password is subject to the rules of \`/register\`.
Ends all other sessions of the user, invalidates device cookies except the one that the answer sets, and notifies a
verified email address.`,
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
  const { checkOwnPassword, factors, limits, mail, passwords, sessions, tokens } = fastify
  const onRequest = [tokens.authenticateSession, factors.requireFreshSecondStep]

  /** The current password is optional only with a fresh token at `aal2`. */
  async function requirePassword(request: FastifyRequest): Promise<void> {
    if (request.body === undefined || factors.isFreshAal2(request)) return
    const fits = request.compileValidationSchema(PasswordChangeByPassword)
    if (!fits(request.body))
      throw new Problem('VALIDATION_FAILED', { errors: describeFaults(fits.errors as ErrorObject[]) })
  }

  /** Runs a change that the token alone permits. */
  async function withoutPassword(
    { account: user, database }: FastifyRequest,
    reply: FastifyReply,
    change: (credentials: Credentials, admission: Admission) => Promise<DeviceOwner>
  ): Promise<DeviceOwner> {
    const admission = passwords.admission(reply, { owner: user.id, typed: user })
    const credentials = await findOwnCredentials(database, user.id)
    if (!credentials) throw new Problem('TOKEN_INVALID')
    return change(credentials, admission)
  }

  const preHandler = [limits.byAddress('password'), passwords.admit]
  fastify.post('/change', { schema, onRequest, preValidation: requirePassword, preHandler }, async (request, reply) => {
    const { account: user, body, database } = request
    const { current_password: password, new_password: next } = body
    passwords.accept(next, [user.username, user.email], '/new_password')

    const changeTo = async (credentials: Credentials, admission: Admission) => {
      const hash = await passwords.hash(next, admission)
      const notify = mail.available && user.email_verified ? String(user.email) : undefined
      return changePassword(database, sessions.rules, request.user, credentials, { hash, notify })
    }
    const owner = await (password === undefined
      ? withoutPassword(request, reply, changeTo)
      : checkOwnPassword(request, reply, { purpose: 'password change', password }, (account, { admission }) =>
          changeTo(account, admission)
        ))
    mail.wake()
    request.record('password changed', { account: user.id, session: request.user.sid })
    await limits.rememberDevice(reply, owner)
    reply.code(204)
  })
}

export default change
