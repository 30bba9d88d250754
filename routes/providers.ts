import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Nothing, refusals } from '../src/schemas/answers.ts'
import { ProvidersAnswer } from '../src/schemas/identities.ts'

const schema = {
  operationId: 'listProviders',
  summary: 'List the providers',
  description: `Lists the other providers with which people sign in, in the order of the operator. A frontend shows a link to
\`/federation/{id}?return_to=…\` for each.`,
  tags: ['providers'],
  querystring: Nothing,
  response: { 200: ProvidersAnswer, ...refusals() }
}

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const providers = [...fastify.providers.values()].map(({ settings: { id, label, kind } }) => ({ id, label, kind }))
  fastify.get('/providers', { schema }, async () => ({ providers }))
}

export default routes
