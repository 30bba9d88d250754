import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BEARER, BODY, NO_CONTENT, NoBody, Nothing, refusals } from '../../src/schemas/answers.ts'
import { NewTotpAnswer } from '../../src/schemas/mfa.ts'

const common = { tags: ['second factors'], security: [{ bearer: [] }], querystring: Nothing, body: NoBody }

const adding = {
  ...common,
  operationId: 'addTotp',
  summary: 'Set up an authenticator app',
  description: `Requires a fresh access token. Creates a secret (RFC 6238: SHA-1, six digits, 30 s), to be confirmed
with its first code at \`/mfa/totp/confirm\`. Until then an earlier app still works. Only the newest secret can be
confirmed.`,
  response: { 200: NewTotpAnswer, ...refusals(...BEARER, ...BODY, 'STEP_UP_REQUIRED', 'DATABASE_UNAVAILABLE') }
}

const removing = {
  ...common,
  operationId: 'removeTotp',
  summary: 'Remove the authenticator app',
  description: `Requires a fresh access token. If no factor is left, a second step is no longer required, and the
recovery codes become void.`,
  response: {
    ...NO_CONTENT,
    ...refusals(...BEARER, ...BODY, 'STEP_UP_REQUIRED', 'NOT_FOUND', 'DATABASE_UNAVAILABLE')
  }
}

const totp: FastifyPluginAsyncTypebox = async (fastify) => {
  const { factorEnrolment, factors, tokens } = fastify
  const onRequest = [tokens.authenticateSession, factors.requireFresh]

  fastify.post('/totp', { schema: adding, onRequest }, (request) => factorEnrolment.beginTotp(request))

  fastify.delete('/totp', { schema: removing, onRequest }, async (request, reply) => {
    await factorEnrolment.removeTotp(request)
    reply.code(204)
  })
}

export default totp
