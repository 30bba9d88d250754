import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BEARER, Nothing, refusals } from '../../src/schemas/answers.ts'
import { AccountExport } from '../../src/schemas/users.ts'

const schema = {
  operationId: 'exportAccount',
  summary: 'Export my personal data',
  description: `A JSON file with the account, its sessions, pending mails, links that were sent, previous addresses,
the counters of its names, and its audit records. It contains no hash of a password or a token.`,
  tags: ['accounts'],
  security: [{ bearer: [] }],
  querystring: Nothing,
  response: {
    200: AccountExport,
    ...refusals(...BEARER, 'TOO_MANY_REQUESTS', 'DATABASE_UNAVAILABLE')
  }
}

const route: FastifyPluginAsyncTypebox = async (fastify) => {
  const { limits, ownAccount, tokens } = fastify
  const onRequest = tokens.authenticateSession
  const preHandler = limits.byAddress('export')

  fastify.get('/export', { schema, onRequest, preHandler }, async (request, reply) => {
    const text = await ownAccount.exportData(request)
    reply.type('application/json; charset=utf-8')
    reply.header('content-disposition', `attachment; filename="account-${request.account.id}.json"`)
    return Readable.from(text) as never
  })
}

export default route
