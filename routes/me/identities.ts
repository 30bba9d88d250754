import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  BEARER,
  BODY,
  Identified,
  LONG_PATH,
  NO_CONTENT,
  NoBody,
  Nothing,
  refusals
} from '../../src/schemas/answers.ts'
import { IdentitiesAnswer } from '../../src/schemas/identities.ts'

const common = { tags: ['providers'], security: [{ bearer: [] }], querystring: Nothing }

const listing = {
  ...common,
  operationId: 'listIdentities',
  summary: 'List the accounts at other providers',
  description: 'Lists the accounts at other providers with which the user signs in, the oldest first.',
  response: { 200: IdentitiesAnswer, ...refusals(...BEARER, 'DATABASE_UNAVAILABLE') }
}

const removing = {
  ...common,
  operationId: 'unlinkIdentity',
  summary: 'Unlink an account at another provider',
  description: `Requires a fresh access token. Ends no session, and changes neither the address of the account nor whether it
is verified. The last way to sign in cannot be removed: LAST_CREDENTIAL.`,
  params: Identified,
  body: NoBody,
  response: {
    ...NO_CONTENT,
    ...LONG_PATH,
    ...refusals(...BEARER, 'STEP_UP_REQUIRED', ...BODY, 'NOT_FOUND', 'LAST_CREDENTIAL', 'DATABASE_UNAVAILABLE')
  }
}

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { factors, identities, tokens } = fastify
  const onRequest = tokens.authenticateSession

  fastify.get('/identities', { schema: listing, onRequest }, async (request) => ({
    identities: await identities.list(request)
  }))

  fastify.delete(
    '/identities/:id',
    { schema: removing, onRequest: [onRequest, factors.requireFresh] },
    async (request, reply) => {
      await identities.unlink(request, request.params.id)
      reply.code(204)
    }
  )
}

export default routes
