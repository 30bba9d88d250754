import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BEARER, BODY, NoBody, Nothing, refusals } from '../../src/schemas/answers.ts'
import { CreationOptionsAnswer } from '../../src/schemas/passkeys.ts'

const schema = {
  operationId: 'passkeyOptions',
  summary: 'Begin to register a passkey',
  description: `Returns the options for \`navigator.credentials.create\`, in the JSON of WebAuthn. Their challenge is
valid for five minutes, for this session and for one passkey.`,
  tags: ['passkeys'],
  security: [{ bearer: [] }],
  querystring: Nothing,
  body: NoBody,
  response: {
    200: CreationOptionsAnswer,
    ...refusals(...BEARER, 'STEP_UP_REQUIRED', ...BODY, 'DATABASE_UNAVAILABLE')
  }
}

/** Exists only if PUBLIC_URL can have passkeys. */
const options: FastifyPluginAsyncTypebox = async (fastify) => {
  const { factors, passkeys, tokens } = fastify
  if (!passkeys) return
  const onRequest = [tokens.authenticateSession, factors.requireFresh]

  fastify.post('/options', { schema, onRequest }, (request) => passkeys.registrationOptions(request))
}

export default options
