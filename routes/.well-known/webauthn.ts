import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { readRelyingParty, relatedOrigins } from '../../src/config/relying-party.ts'
import { Nothing, refusals } from '../../src/schemas/answers.ts'
import { strict } from '../../src/schemas/fields.ts'

const schema = {
  operationId: 'relatedOrigins',
  summary: 'Where else passkeys are used',
  description: `The origins outside of the RP ID at which the passkeys of the service can be used (WebAuthn Level 3
§5.11). Browsers request it at the RP ID, on port 443. Absent where every origin is within the RP ID.`,
  tags: ['keys'],
  querystring: Nothing,
  response: {
    200: Type.Object({ origins: Type.Array(Type.String({ examples: ['https://example.net'] })) }, strict),
    ...refusals()
  }
}

const webauthn: FastifyPluginAsyncTypebox = async (fastify) => {
  const { party } = readRelyingParty(fastify.config)
  const origins = party ? relatedOrigins(party) : []
  if (origins.length === 0) return

  fastify.get('/webauthn', { schema }, async () => ({ origins }))
}

export default webauthn
