import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { addFirstAdmin } from '../../src/admin/setup.ts'
import { requireLocal } from '../../src/http/loopback.ts'
import { BODY, Nothing, refusals } from '../../src/schemas/answers.ts'
import { names, oneNameAtLeast, PASSWORD } from '../../src/schemas/fields.ts'
import { UserAnswer } from '../../src/schemas/users.ts'

const schema = {
  // It exists only on a machine where the service is tried out.
  hide: true,
  querystring: Nothing,
  body: Type.Object(
    {
      token: Type.String({ minLength: 1, maxLength: 512 }),
      ...names,
      password: Type.String({ examples: [PASSWORD] })
    },
    oneNameAtLeast
  ),
  response: {
    201: UserAnswer,
    ...refusals(...BODY, 'PASSWORD_REJECTED', 'TOKEN_INVALID', 'NOT_FOUND', 'ACCOUNT_EXISTS', 'DATABASE_UNAVAILABLE')
  }
}

/** The audit record of it. */
const CREATED = {
  actor: 'client',
  action: 'user created',
  detail: { reason: 'setup', roles_before: [], roles: ['admin'] }
} as const

/** Creates the first administrator, with the token of the link that the start prints. */
const setupRoute: FastifyPluginAsyncTypebox = async (fastify) => {
  const { audit, clientAddress, passwords, setup } = fastify
  if (!setup) return

  const hooks = { onRequest: requireLocal, preHandler: passwords.admit }
  fastify.post('/setup', { schema, ...hooks }, async (request, reply) => {
    const { token, password, ...given } = request.body
    const user = await setup.use(token, async () => {
      passwords.accept(password, [given.username, given.email])
      const passwordHash = await passwords.hash(password, passwords.admission(reply, { registering: given }))
      return addFirstAdmin(request.database, { ...given, passwordHash }, (transaction, account) =>
        audit.append(transaction, [{ ...CREATED, account, address: clientAddress(request.raw), requestId: request.id }])
      )
    })
    reply.code(201)
    return user
  })
}

export default setupRoute
