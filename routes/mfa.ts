import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BEARER, BODY, Nothing, refusals } from '../src/schemas/answers.ts'
import { MfaAnswer, MfaChange } from '../src/schemas/mfa.ts'

const common = { tags: ['second factors'], security: [{ bearer: [] }], querystring: Nothing }

const reading = {
  ...common,
  operationId: 'readFactors',
  summary: 'The second factors',
  description: 'Lists the factors of the account, and whether it requires a second step at sign-in.',
  response: { 200: MfaAnswer, ...refusals(...BEARER, 'DATABASE_UNAVAILABLE') }
}

const changing = {
  ...common,
  operationId: 'changeFactors',
  summary: 'Set whether a second step is required',
  description: `Requires a fresh access token. To require a second step, the account needs an authenticator app or a
passkey; all other sessions below \`aal2\` end, and recovery codes are made if none are left. If the requirement is
removed, the factors stay, and a password alone signs in.`,
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
