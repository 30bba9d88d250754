import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BEARER, BODY, Identified, LONG_PATH, NO_CONTENT, NoBody, Nothing, refusals } from '../src/schemas/answers.ts'
import { SessionsAnswer } from '../src/schemas/sessions.ts'
import { listSessions } from '../src/sessions/sessions.ts'

const common = { tags: ['sessions'], security: [{ bearer: [] }], querystring: Nothing }

const listing = {
  ...common,
  operationId: 'listSessions',
  summary: 'List the sessions',
  description: 'The active sessions of the user: the current one first, then by last use; at most 1000.',
  response: { 200: SessionsAnswer, ...refusals(...BEARER, 'DATABASE_UNAVAILABLE') }
}

const endingOne = {
  ...common,
  operationId: 'endSession',
  summary: 'End a session',
  params: Identified,
  body: NoBody,
  response: { ...NO_CONTENT, ...LONG_PATH, ...refusals(...BEARER, ...BODY, 'NOT_FOUND', 'DATABASE_UNAVAILABLE') }
}

const endingOthers = {
  ...common,
  operationId: 'endOtherSessions',
  summary: 'End all other sessions',
  description: 'Invalidates the device cookies of the user. A device that sends a valid one gets a new one.',
  body: NoBody,
  response: { ...NO_CONTENT, ...refusals(...BEARER, ...BODY, 'DATABASE_UNAVAILABLE') }
}

const sessions: FastifyPluginAsyncTypebox = async (fastify) => {
  const { ownSessions, sessions, tokens } = fastify
  const onRequest = tokens.authenticateSession

  fastify.get('/sessions', { schema: listing, onRequest }, async ({ database, user }) => ({
    sessions: await listSessions(database, sessions.rules, user)
  }))

  fastify.delete('/sessions/:id', { schema: endingOne, onRequest }, async (request, reply) => {
    await ownSessions.end(request, request.params.id)
    reply.code(204)
  })

  fastify.delete('/sessions', { schema: endingOthers, onRequest }, async (request, reply) => {
    await ownSessions.endOthers(request, reply)
    reply.code(204)
  })
}

export default sessions
