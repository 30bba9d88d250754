import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BEARER, BODY, NO_CONTENT, Nothing, refusals } from '../src/schemas/answers.ts'
import { AccountDeletion, AccountDeletionByPassword, UserAnswer, UserChange } from '../src/schemas/users.ts'

const common = { tags: ['accounts'], security: [{ bearer: [] }], querystring: Nothing }

const reading = {
  ...common,
  operationId: 'me',
  summary: 'The current user',
  description: 'The user of the access token, while its session is active.',
  response: { 200: UserAnswer, ...refusals(...BEARER, 'DATABASE_UNAVAILABLE') }
}

const renaming = {
  ...common,
  operationId: 'changeUsername',
  summary: 'Change the username',
  description: `Or choose the first one. Access tokens that were already issued contain the previous username; nobody
else can take it until they have expired.`,
  body: UserChange,
  response: {
    200: UserAnswer,
    ...refusals(...BEARER, ...BODY, 'ACCOUNT_EXISTS', 'TOO_MANY_REQUESTS', 'DATABASE_UNAVAILABLE')
  }
}

const deleting = {
  ...common,
  operationId: 'deleteAccount',
  summary: 'Delete the account',
  description: `Deletes the account and all its data permanently. Requires the current password; if the account
requires a second step, a fresh access token too. For an account without a password, a fresh access token is enough. The
audit log keeps its records, by id. The last administrator cannot be deleted: LAST_ADMIN.`,
  body: AccountDeletion,
  response: {
    ...NO_CONTENT,
    ...refusals(
      ...BEARER,
      ...BODY,
      'INVALID_CREDENTIALS',
      'STEP_UP_REQUIRED',
      'LAST_ADMIN',
      'TOO_MANY_REQUESTS',
      'DATABASE_UNAVAILABLE'
    )
  }
}

const me: FastifyPluginAsyncTypebox = async (fastify) => {
  const { factors, limits, ownAccount, passwords, tokens } = fastify
  const onRequest = tokens.authenticateSession

  fastify.get('/me', { schema: reading, onRequest }, ({ account }) => account)

  const preHandler = limits.byAddress('username change')
  fastify.patch('/me', { schema: renaming, onRequest, preHandler }, (request) =>
    ownAccount.changeUsername(request, request.body.username)
  )

  const beforeDeleting = [limits.byAddress('account deletion'), passwords.admit]
  const fresh = [onRequest, factors.requireFreshBesidePassword]
  const preValidation = ownAccount.requirePassword('account deletion', AccountDeletionByPassword)
  const deletion = { schema: deleting, onRequest: fresh, preValidation, preHandler: beforeDeleting }
  fastify.delete('/me', deletion, async (request, reply) => {
    await ownAccount.delete(request, reply, request.body)
    reply.code(204)
  })
}

export default me
