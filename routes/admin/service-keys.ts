import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { listServiceKeys } from '../../src/admin/service-keys.ts'
import { endServiceKey, makeServiceKey, renewServiceKey } from '../../src/flows/operator/service-key-acts.ts'
import { ADMIN_CODES, ADMINISTRATORS } from '../../src/schemas/admin/answers.ts'
import {
  NewServiceKeyAnswer,
  ServiceKeyCreation,
  ServiceKeyPath,
  ServiceKeyRotation,
  ServiceKeysAnswer
} from '../../src/schemas/admin/keys.ts'
import { BODY, LONG_PATH, NO_CONTENT, NoBody, Nothing, refusals } from '../../src/schemas/answers.ts'

const common = { tags: ['administration'], security: ADMINISTRATORS, querystring: Nothing }

const listing = {
  ...common,
  operationId: 'adminListServiceKeys',
  summary: 'List the service keys',
  description: 'Active ones first. For administrators.',
  response: { 200: ServiceKeysAnswer, ...refusals(...ADMIN_CODES) }
}

const making = {
  ...common,
  operationId: 'adminMakeServiceKey',
  summary: 'Make a service key',
  description: `The key is shown in this answer only. Names of active keys are unique, in any letter case; 100 may be active, more
are \`FORBIDDEN\`. For administrators with a fresh access token.`,
  body: ServiceKeyCreation,
  response: { 201: NewServiceKeyAnswer, ...refusals(...ADMIN_CODES, ...BODY, 'ACCOUNT_EXISTS') }
}

const rotating = {
  ...common,
  operationId: 'adminRotateServiceKey',
  summary: 'Renew a service key',
  description: `Gives it a new secret, shown in this answer only; the one before works for \`overlap\` seconds. For administrators
with a fresh access token.`,
  params: ServiceKeyPath,
  body: ServiceKeyRotation,
  response: { 201: NewServiceKeyAnswer, ...LONG_PATH, ...refusals(...ADMIN_CODES, ...BODY, 'NOT_FOUND') }
}

const revoking = {
  ...common,
  operationId: 'adminRevokeServiceKey',
  summary: 'Revoke a service key',
  description: 'At once, at every instance. For administrators with a fresh access token.',
  params: ServiceKeyPath,
  body: NoBody,
  response: { ...NO_CONTENT, ...LONG_PATH, ...refusals(...ADMIN_CODES, ...BODY, 'NOT_FOUND') }
}

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { adminChanges, adminGate } = fastify
  const onRequest = adminGate.require({ fresh: true })

  fastify.get('/service-keys', { schema: listing, onRequest: adminGate.require({}) }, async ({ database }) => ({
    service_keys: await listServiceKeys(database)
  }))

  fastify.post('/service-keys', { schema: making, onRequest }, async (request, reply) => {
    const { body, operator } = request
    const made = await adminChanges.make(request, (transaction) => makeServiceKey(transaction, operator, body))
    reply.code(201)
    return made
  })

  fastify.post('/service-keys/:id/rotate', { schema: rotating, onRequest }, async (request, reply) => {
    const { body, params } = request
    const renewed = await adminChanges.make(request, (transaction) =>
      renewServiceKey(transaction, params.id, body.overlap)
    )
    reply.code(201)
    return renewed
  })

  fastify.delete('/service-keys/:id', { schema: revoking, onRequest }, async (request, reply) => {
    await adminChanges.make(request, (transaction) => endServiceKey(transaction, request.params.id))
    reply.code(204)
  })
}

export default routes
