import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Problem } from '../src/errors.ts'
import { deleteOwnAccount } from '../src/flows/account-deletion.ts'
import { BEARER, BODY, NO_CONTENT, Nothing, refusals } from '../src/schemas/answers.ts'
import { AccountDeletion, UserAnswer, UserChange } from '../src/schemas/users.ts'
import { isUsernameReserved } from '../src/users/reserved-usernames.ts'
import { changeUsername, nameTaken } from '../src/users/users.ts'

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
requires a second step, a fresh access token too. The audit log keeps its records, by id.`,
  body: AccountDeletion,
  response: {
    ...NO_CONTENT,
    ...refusals(
      ...BEARER,
      ...BODY,
      'INVALID_CREDENTIALS',
      'STEP_UP_REQUIRED',
      'TOO_MANY_REQUESTS',
      'DATABASE_UNAVAILABLE'
    )
  }
}

const me: FastifyPluginAsyncTypebox = async (fastify) => {
  const { checkOwnPassword, config, factors, limits, passwords, tokens } = fastify
  const onRequest = tokens.authenticateSession
  const tokenTtl = config.ACCESS_TOKEN_TTL

  fastify.get('/me', { schema: reading, onRequest }, ({ account }) => account)

  const preHandler = limits.byAddress('username change')
  fastify.patch('/me', { schema: renaming, onRequest, preHandler }, async (request) => {
    const { account, body, database } = request
    const isSame = account.username?.toLowerCase() === body.username.toLowerCase()
    if (!isSame && isUsernameReserved(config, body.username)) throw nameTaken('/username')
    const user = await changeUsername(database, { tokenTtl }, account.id, body.username)
    if (!user) throw new Problem('TOKEN_INVALID')
    request.record('username changed', { account: user.id, session: request.user.sid })
    return user
  })

  const beforeDeleting = [limits.byAddress('account deletion'), passwords.admit]
  const fresh = [onRequest, factors.requireFreshSecondStep]
  fastify.delete('/me', { schema: deleting, onRequest: fresh, preHandler: beforeDeleting }, async (request, reply) => {
    const { account: user, body, database } = request
    const given = { purpose: 'account deletion', password: body.current_password } as const
    await checkOwnPassword(request, reply, given, async (account, { refuse }) => {
      if (!(await deleteOwnAccount(database, account))) throw refuse()
    })
    request.record('user deleted', { account: user.id, session: request.user.sid })
    reply.code(204)
  })
}

export default me
