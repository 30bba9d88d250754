import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BEARER, BODY, Nothing, refusals } from '../src/schemas/answers.ts'
import { MfaAnswer, MfaChange } from '../src/schemas/mfa.ts'

const common = { tags: ['second factors'], security: [{ bearer: [] }], querystring: Nothing }

const reading = {
  ...common,
  operationId: 'readFactors',
  summary: 'The second factors',
  description: 'Of the account of the access token, and whether a second step is required at sign-in.',
  response: { 200: MfaAnswer, ...refusals(...BEARER, 'DATABASE_UNAVAILABLE') }
}

const changing = {
  ...common,
  operationId: 'changeFactors',
  summary: 'Require a second step, or no longer',
  description: `Requires a fresh access token. An authenticator app or a passkey can be required. All other sessions
that began without a second step end, and recovery codes are made if none are left. Without a requirement the factors
stay, and the password alone signs in.`,
  body: MfaChange,
  response: {
    200: MfaAnswer,
    ...refusals(...BEARER, ...BODY, 'STEP_UP_REQUIRED', 'FORBIDDEN', 'DATABASE_UNAVAILABLE')
  }
}

const mfa: FastifyPluginAsyncTypebox = async (fastify) => {
  const { factorEnrolment, factors, tokens } = fastify
  const authenticate = tokens.authenticateSession
  const onRequest = [authenticate, factors.requireFresh]

  fastify.get('/mfa', { schema: reading, onRequest: authenticate }, (request) => factorEnrolment.read(request))

  fastify.patch('/mfa', { schema: changing, onRequest }, (request) =>
    factorEnrolment.require(request, request.body.required)
  )
}

export default mfa
