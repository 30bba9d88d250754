import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { CHANGE_CODES, OPERATORS } from '../../../src/schemas/admin/answers.ts'
import { PasswordSetting } from '../../../src/schemas/admin/users.ts'
import { BODY, Identified, LONG_PATH, NO_CONTENT, Nothing, refusals } from '../../../src/schemas/answers.ts'

const schema = {
  operationId: 'adminSetPassword',
  summary: 'Set the password of an account',
  description: `Ends its sessions unless \`keep_sessions\` is true, resets its counters of wrong passwords, and notifies its
verified address. An account needs a fresh access token. For \`users:write\`.`,
  tags: ['administration'],
  security: OPERATORS,
  params: Identified,
  querystring: Nothing,
  body: PasswordSetting,
  response: { ...NO_CONTENT, ...LONG_PATH, ...refusals(...CHANGE_CODES, ...BODY, 'PASSWORD_REJECTED') }
}

const password: FastifyPluginAsyncTypebox = async (fastify) => {
  const { adminGate, adminUsers, passwords } = fastify
  const onRequest = adminGate.require({ scopes: ['users:write'], fresh: true })

  fastify.put('/:id/password', { schema, onRequest, preHandler: passwords.admit }, async (request, reply) => {
    await adminUsers.setPassword(request, reply, request.params.id, request.body)
    reply.code(204)
  })
}

export default password
