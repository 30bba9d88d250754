import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BEARER, BODY, NoBody, Nothing, refusals } from '../../src/schemas/answers.ts'
import { RecoveryCodesAnswer } from '../../src/schemas/mfa.ts'

const schema = {
  operationId: 'makeRecoveryCodes',
  summary: 'Make new recovery codes',
  description: `Requires a fresh access token, and an authenticator app or a passkey. Earlier codes become void. The
new ones are shown once.`,
  tags: ['second factors'],
  security: [{ bearer: [] }],
  querystring: Nothing,
  body: NoBody,
  response: {
    200: RecoveryCodesAnswer,
    ...refusals(...BEARER, ...BODY, 'STEP_UP_REQUIRED', 'FORBIDDEN', 'DATABASE_UNAVAILABLE')
  }
}

const recoveryCodes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { factorEnrolment, factors, tokens } = fastify
  const onRequest = [tokens.authenticateSession, factors.requireFresh]

  fastify.post('/recovery-codes', { schema, onRequest }, (request) => factorEnrolment.renewRecoveryCodes(request))
}

export default recoveryCodes
