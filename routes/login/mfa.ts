import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, Nothing, refusals } from '../../src/schemas/answers.ts'
import { SecondStep } from '../../src/schemas/factors.ts'
import { TokensAnswer } from '../../src/schemas/sessions.ts'

const schema = {
  operationId: 'secondStep',
  summary: 'Take the second step of a sign-in',
  description: `Completes a sign-in that \`/login\` answered with MFA_REQUIRED, by a code of the authenticator app, a
recovery code or a passkey. The token of the step is valid for five minutes, one success and five attempts. After
MFA_TOKEN_INVALID, the user must sign in again.`,
  tags: ['accounts'],
  querystring: Nothing,
  body: SecondStep,
  response: {
    200: TokensAnswer,
    ...refusals(...BODY, 'MFA_TOKEN_INVALID', 'MFA_CODE_INVALID', 'TOO_MANY_REQUESTS', 'DATABASE_UNAVAILABLE')
  }
}

const secondStep: FastifyPluginAsyncTypebox = async (fastify) => {
  const { limits, signIn, tokens } = fastify

  fastify.post('/mfa', { schema, preHandler: limits.byAddress('second factor') }, async (request, reply) => {
    const { session, account, inCookie } = await signIn.withSecondStep(request, reply, request.body)
    return tokens.answer(reply, session, account, inCookie)
  })
}

export default secondStep
