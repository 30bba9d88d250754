import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Problem } from '../src/errors.ts'
import { isDeviceOf } from '../src/limits/device-token.ts'
import { BEARER, BODY, Identified, LONG_PATH, NO_CONTENT, NoBody, Nothing, refusals } from '../src/schemas/answers.ts'
import { SessionsAnswer } from '../src/schemas/sessions.ts'
import { endOtherSessions, endSessions, listSessions } from '../src/sessions/sessions.ts'

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
  const { limits, sessions, tokens } = fastify
  const onRequest = tokens.authenticateSession

  fastify.get('/sessions', { schema: listing, onRequest }, async ({ database, user }) => ({
    sessions: await listSessions(database, sessions.rules, user)
  }))

  fastify.delete('/sessions/:id', { schema: endingOne, onRequest }, async (request, reply) => {
    const { database, user, params } = request
    const { alive, count } = await endSessions(database, sessions.rules, user, params.id, 'ended by the user')
    if (!alive) throw new Problem('TOKEN_INVALID')
    if (count === 0) throw new Problem('NOT_FOUND')
    request.record('session ended', { account: user.sub, session: params.id })
    reply.code(204)
  })

  fastify.delete('/sessions', { schema: endingOthers, onRequest }, async (request, reply) => {
    const { database, user } = request
    const device = limits.deviceOf(request)
    const { count, owner } = await endOtherSessions(database, sessions.rules, user)
    request.record('sessions ended', { account: user.sub, session: user.sid, detail: { count } })
    // A session alone does not make a device known: its access token may be stolen.
    const before = { ...owner, device_version: owner.device_version - 1 }
    if (isDeviceOf(device, before)) await limits.rememberDevice(reply, owner)
    reply.code(204)
  })
}

export default sessions
