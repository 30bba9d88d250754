import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { removeFactorsOf } from '../../../src/flows/operator/account-acts.ts'
import { CHANGE_CODES, OPERATORS } from '../../../src/schemas/admin/answers.ts'
import { BODY, Identified, LONG_PATH, NO_CONTENT, NoBody, Nothing, refusals } from '../../../src/schemas/answers.ts'

const schema = {
  operationId: 'adminRemoveFactors',
  summary: 'Remove the second factors of an account',
  description: `Removes the authenticator app, the passkeys, the recovery codes and the requirement of a second step, ends all
sessions, and notifies the verified address. An account needs a fresh access token. For \`users:write\`.`,
  tags: ['administration'],
  security: OPERATORS,
  params: Identified,
  querystring: Nothing,
  body: NoBody,
  response: { ...NO_CONTENT, ...LONG_PATH, ...refusals(...CHANGE_CODES, ...BODY) }
}

const factors: FastifyPluginAsyncTypebox = async (fastify) => {
  const { adminChanges, adminGate } = fastify
  const onRequest = adminGate.require({ scopes: ['users:write'], fresh: true })

  fastify.delete('/:id/factors', { schema, onRequest }, async (request, reply) => {
    const { id } = request.params
    await adminChanges.make(request, (transaction, context) => removeFactorsOf(transaction, context, id))
    reply.code(204)
  })
}

export default factors
