import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BEARER, BODY, Nothing, refusals } from '../../../src/schemas/answers.ts'
import { RecoveryCodesAnswer, TotpConfirmation } from '../../../src/schemas/mfa.ts'

const schema = {
  operationId: 'confirmTotp',
  summary: 'Confirm the authenticator app',
  description: `Requires a fresh access token. Confirms the new secret, requires a second step from now on, ends all
other sessions below \`aal2\`, and makes recovery codes. The session itself is raised to \`aal2\`: refresh it for a
token that says so.`,
  tags: ['second factors'],
  security: [{ bearer: [] }],
  querystring: Nothing,
  body: TotpConfirmation,
  response: {
    200: RecoveryCodesAnswer,
    ...refusals(...BEARER, ...BODY, 'STEP_UP_REQUIRED', 'MFA_CODE_INVALID', 'DATABASE_UNAVAILABLE')
  }
}

const confirm: FastifyPluginAsyncTypebox = async (fastify) => {
  const { factorEnrolment, factors, tokens } = fastify
  const onRequest = [tokens.authenticateSession, factors.requireFresh]

  fastify.post('/confirm', { schema, onRequest }, (request) => factorEnrolment.confirmTotp(request, request.body.totp))
}

export default confirm
