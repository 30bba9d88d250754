import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Problem } from '../../../src/errors.ts'
import { endSessionOf, endSessionsOf } from '../../../src/flows/operator/account-acts.ts'
import { ADMIN_CODES, CHANGE_CODES, OPERATORS } from '../../../src/schemas/admin/answers.ts'
import { SessionPath } from '../../../src/schemas/admin/queries.ts'
import { UserSessionsAnswer } from '../../../src/schemas/admin/users.ts'
import { BODY, Identified, LONG_PATH, NO_CONTENT, NoBody, Nothing, refusals } from '../../../src/schemas/answers.ts'
import { listUserSessions } from '../../../src/sessions/user-sessions.ts'

const common = { tags: ['administration'], security: OPERATORS, querystring: Nothing }

const listing = {
  ...common,
  operationId: 'adminListSessions',
  summary: 'List the sessions of an account',
  description: 'Active ones first, then by last use; ended ones while they are stored. For `users:read`.',
  params: Identified,
  response: { 200: UserSessionsAnswer, ...LONG_PATH, ...refusals(...ADMIN_CODES, 'NOT_FOUND') }
}

const endingAll = {
  ...common,
  operationId: 'adminEndSessions',
  summary: 'End all sessions of an account',
  description: 'For `users:help`.',
  params: Identified,
  body: NoBody,
  response: { ...NO_CONTENT, ...LONG_PATH, ...refusals(...CHANGE_CODES, ...BODY) }
}

const endingOne = {
  ...endingAll,
  operationId: 'adminEndSession',
  summary: 'End a session of an account',
  params: SessionPath
}

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { adminChanges, adminGate, sessions } = fastify
  const read = adminGate.require({ scopes: ['users:read'] })
  const help = adminGate.require({ scopes: ['users:help'] })

  fastify.get('/:id/sessions', { schema: listing, onRequest: read }, async ({ database, params }) => {
    const listed = await listUserSessions(database, sessions.rules, params.id)
    if (!listed) throw new Problem('NOT_FOUND')
    return { sessions: listed }
  })

  fastify.delete('/:id/sessions', { schema: endingAll, onRequest: help }, async (request, reply) => {
    const { id } = request.params
    await adminChanges.make(request, (transaction, context) => endSessionsOf(transaction, context, id))
    reply.code(204)
  })

  fastify.delete('/:id/sessions/:session', { schema: endingOne, onRequest: help }, async (request, reply) => {
    const { id, session } = request.params
    await adminChanges.make(request, (transaction, context) => endSessionOf(transaction, context, id, session))
    reply.code(204)
  })
}

export default routes
