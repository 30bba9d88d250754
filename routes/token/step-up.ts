import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BEARER, BODY, Nothing, refusals } from '../../src/schemas/answers.ts'
import { StepUp } from '../../src/schemas/factors.ts'
import { TokensAnswer } from '../../src/schemas/sessions.ts'

const schema = {
  operationId: 'stepUp',
  summary: 'Authenticate again',
  description: `Returns an access token with a new \`auth_time\`, for requests that are answered with STEP_UP_REQUIRED.
The refresh token stays the same. A password is enough only if the account requires no second step.`,
  tags: ['sessions'],
  security: [{ bearer: [] }],
  querystring: Nothing,
  body: StepUp,
  response: {
    200: TokensAnswer,
    ...refusals(
      ...BEARER,
      ...BODY,
      'INVALID_CREDENTIALS',
      'MFA_CODE_INVALID',
      'FORBIDDEN',
      'TOO_MANY_REQUESTS',
      'DATABASE_UNAVAILABLE'
    )
  }
}

const stepUp: FastifyPluginAsyncTypebox = async (fastify) => {
  const { limits, passwords, tokens } = fastify
  const onRequest = tokens.authenticateSession

  const preHandler = [limits.byAddress('second factor'), passwords.admitFor('password')]
  fastify.post('/step-up', { schema, onRequest, preHandler }, async (request, reply) => {
    const { account, body, user } = request
    const authentication = await fastify.stepUp(request, reply, body)
    return tokens.answerWithoutRefresh(account, user.sid, authentication)
  })
}

export default stepUp
