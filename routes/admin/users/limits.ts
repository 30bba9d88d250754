import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { unlockUser } from '../../../src/flows/operator/account-acts.ts'
import { CHANGE_CODES, OPERATORS } from '../../../src/schemas/admin/answers.ts'
import { BODY, Identified, LONG_PATH, NO_CONTENT, NoBody, Nothing, refusals } from '../../../src/schemas/answers.ts'

const schema = {
  operationId: 'adminUnlockUser',
  summary: 'Reset the counters of an account',
  description: 'Resets the counters of wrong passwords and codes. For `users:help`.',
  tags: ['administration'],
  security: OPERATORS,
  params: Identified,
  querystring: Nothing,
  body: NoBody,
  response: { ...NO_CONTENT, ...LONG_PATH, ...refusals(...CHANGE_CODES, ...BODY) }
}

const limits: FastifyPluginAsyncTypebox = async (fastify) => {
  const { adminChanges, adminGate } = fastify
  const onRequest = adminGate.require({ scopes: ['users:help'] })

  fastify.delete('/:id/limits', { schema, onRequest }, async (request, reply) => {
    const { id } = request.params
    await adminChanges.make(request, (transaction, context) => unlockUser(transaction, context, id))
    reply.code(204)
  })
}

export default limits
