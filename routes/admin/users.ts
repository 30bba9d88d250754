import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { listUsers } from '../../src/admin/listed-users.ts'
import { deleteUserBy } from '../../src/flows/operator/account-acts.ts'
import { ADMIN_CODES, CHANGE_CODES, OPERATORS } from '../../src/schemas/admin/answers.ts'
import { DEFAULT_LIMIT, toMoment } from '../../src/schemas/admin/queries.ts'
import { AdminUserAnswer, UserCreation, UserPatch, UserQuery, UsersAnswer } from '../../src/schemas/admin/users.ts'
import { BODY, Identified, LONG_PATH, NO_CONTENT, NoBody, Nothing, refusals } from '../../src/schemas/answers.ts'

const common = { tags: ['administration'], security: OPERATORS }

const listing = {
  ...common,
  operationId: 'adminListUsers',
  summary: 'List accounts',
  description: `Accounts, the newest first: those for which all given filters hold. \`search\` finds the start of a username or an
email address, \`username\` and \`email\` a whole name. A page may have fewer accounts than \`limit\` although \`next\` is not null.
For \`users:read\`.`,
  querystring: UserQuery,
  response: { 200: UsersAnswer, ...refusals(...ADMIN_CODES) }
}

const creating = {
  ...common,
  operationId: 'adminCreateUser',
  summary: 'Create an account',
  description: `Subject to the rules of \`/register\`, but not to its limits. Without a password nobody signs in by one. \`invite\` sends
a link with which the owner of the address chooses it. The roles \`admin\` and \`support\` are given by an administrator with a fresh
access token only. For \`users:write\`.`,
  querystring: Nothing,
  body: UserCreation,
  response: {
    201: AdminUserAnswer,
    ...refusals(...ADMIN_CODES, ...BODY, 'ROLE_PROTECTED', 'ACCOUNT_EXISTS', 'PASSWORD_REJECTED', 'MAIL_UNAVAILABLE')
  }
}

const one = { ...common, params: Identified, querystring: Nothing }

const reading = {
  ...one,
  operationId: 'adminReadUser',
  summary: 'Read an account',
  description: 'For `users:read`.',
  response: { 200: AdminUserAnswer, ...LONG_PATH, ...refusals(...ADMIN_CODES, 'NOT_FOUND') }
}

const changing = {
  ...one,
  operationId: 'adminChangeUser',
  summary: 'Change an account',
  description: `Changes all that is given, or nothing. Null takes a name away. Another address is unverified unless
\`email_verified\` says otherwise, and a verified address before gets a link that undoes the change. \`disabled\` ends all
sessions. \`roles\` replaces the list. \`metadata\` is merged (RFC 7396). With \`roles\` or \`email\` an account needs a fresh
access token. For \`users:write\`; for \`users:help\` with \`{"disabled": true}\` alone.`,
  body: UserPatch,
  response: {
    200: AdminUserAnswer,
    ...LONG_PATH,
    ...refusals(...CHANGE_CODES, ...BODY, 'ACCOUNT_EXISTS', 'LAST_ADMIN')
  }
}

const deleting = {
  ...one,
  operationId: 'adminDeleteUser',
  summary: 'Delete an account',
  description: 'Deletes the account with all its data. An account needs a fresh access token. For `users:write`.',
  body: NoBody,
  response: { ...NO_CONTENT, ...LONG_PATH, ...refusals(...CHANGE_CODES, ...BODY, 'LAST_ADMIN') }
}

const users: FastifyPluginAsyncTypebox = async (fastify) => {
  const { adminChanges, adminGate, adminUsers, passwords } = fastify
  const read = adminGate.require({ scopes: ['users:read'] })
  const write = adminGate.require({ scopes: ['users:write'] })

  fastify.get('/users', { schema: listing, onRequest: read }, ({ database, query }) => {
    const { limit, cursor, created_after: after, created_before: before, ...filter } = query
    const createdAfter = toMoment('/created_after', after)
    const createdBefore = toMoment('/created_before', before)
    const page = { limit: Number(limit ?? DEFAULT_LIMIT), cursor }
    return listUsers(database, { ...filter, createdAfter, createdBefore }, page)
  })

  const preHandler = passwords.admitFor('password')
  fastify.post('/users', { schema: creating, onRequest: write, preHandler }, async (request, reply) => {
    const user = await adminUsers.create(request, reply, request.body)
    reply.code(201)
    return user
  })

  fastify.get('/users/:id', { schema: reading, onRequest: read }, (request) =>
    adminUsers.find(request, request.params.id)
  )

  const help = adminGate.require({ scopes: ['users:write', 'users:help'] })
  fastify.patch('/users/:id', { schema: changing, onRequest: help }, (request) =>
    adminUsers.change(request, request.params.id, request.body)
  )

  const fresh = adminGate.require({ scopes: ['users:write'], fresh: true })
  fastify.delete('/users/:id', { schema: deleting, onRequest: fresh }, async (request, reply) => {
    const { id } = request.params
    await adminChanges.make(request, (transaction, context) => deleteUserBy(transaction, context, id))
    reply.code(204)
  })
}

export default users
