import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { revokeKeyBy, rotateKeyBy, toAdminKey } from '../../src/flows/operator/key-acts.ts'
import { ADMIN_CODES, ADMINISTRATORS, OPERATORS } from '../../src/schemas/admin/answers.ts'
import { AdminKeyAnswer, KeyRotation, KeysAnswer, KidPath } from '../../src/schemas/admin/keys.ts'
import { BODY, LONG_PATH, NO_CONTENT, NoBody, Nothing, refusals } from '../../src/schemas/answers.ts'

const common = { tags: ['administration'], security: OPERATORS, querystring: Nothing }

const listing = {
  ...common,
  operationId: 'adminListKeys',
  summary: 'List the signing keys',
  description: 'In the order in which they sign. For `keys:write`.',
  response: { 200: KeysAnswer, ...refusals(...ADMIN_CODES) }
}

const rotating = {
  ...common,
  operationId: 'adminRotateKeys',
  summary: 'Make the next signing key',
  description: `It is published for 6 minutes before it signs. While a key waits to sign, no other is made: \`FORBIDDEN\`. An
account needs a fresh access token. For \`keys:write\`.`,
  body: KeyRotation,
  response: { 201: AdminKeyAnswer, ...refusals(...ADMIN_CODES, ...BODY) }
}

const revoking = {
  ...common,
  operationId: 'adminRevokeKey',
  summary: 'Revoke a signing key',
  description: `Permanently: its private half is erased, and all instances refuse its tokens within 60 s. If it was the signing
key, a new one signs. For administrators with a fresh access token.`,
  security: ADMINISTRATORS,
  params: KidPath,
  body: NoBody,
  response: { ...NO_CONTENT, ...LONG_PATH, ...refusals(...ADMIN_CODES, ...BODY, 'NOT_FOUND') }
}

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { adminChanges, adminGate, keys } = fastify
  const scopes = ['keys:write'] as const

  fastify.get('/keys', { schema: listing, onRequest: adminGate.require({ scopes }) }, async ({ database }) => ({
    keys: (await keys.list(database)).map(toAdminKey)
  }))

  const write = adminGate.require({ scopes, fresh: true })
  fastify.post('/keys', { schema: rotating, onRequest: write }, async (request, reply) => {
    const lead = request.body.now ? 0 : undefined
    const key = await adminChanges.make(request, (transaction) => rotateKeyBy(transaction, keys, lead))
    await keys.refresh()
    reply.code(201)
    return key
  })

  const administrators = adminGate.require({ fresh: true })
  fastify.delete('/keys/:kid', { schema: revoking, onRequest: administrators }, async (request, reply) => {
    await adminChanges.make(request, (transaction) => revokeKeyBy(transaction, keys, request.params.kid))
    await keys.refresh()
    reply.code(204)
  })
}

export default routes
