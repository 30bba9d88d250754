import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, NoBody, Nothing, refusals } from '../../../src/schemas/answers.ts'
import { RequestOptionsAnswer } from '../../../src/schemas/passkeys.ts'

const schema = {
  operationId: 'passkeyLoginOptions',
  summary: 'Begin to sign in with a passkey',
  description: `Returns the options for \`navigator.credentials.get\`, in the JSON of WebAuthn. Only the challenge
differs between answers: the user chooses an account from the passkeys in the browser.`,
  tags: ['accounts'],
  querystring: Nothing,
  body: NoBody,
  response: { 200: RequestOptionsAnswer, ...refusals(...BODY, 'TOO_MANY_REQUESTS', 'DATABASE_UNAVAILABLE') }
}

/** Exists only if PUBLIC_URL can have passkeys. */
const options: FastifyPluginAsyncTypebox = async (fastify) => {
  const { limits, passkeys } = fastify
  if (!passkeys) return
  const preHandler = limits.byAddress('passkey login')

  fastify.post('/options', { schema, preHandler }, () => passkeys.signInOptions())
}

export default options
