import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ADMIN_CODES, OPERATORS } from '../../src/schemas/admin/answers.ts'
import { StatisticsAnswer, StatisticsQuery } from '../../src/schemas/admin/record.ts'
import { refusals } from '../../src/schemas/answers.ts'

const DEFAULT_DAYS = 30

const schema = {
  operationId: 'adminReadStatistics',
  summary: 'Read the statistics',
  description: `What was recorded each day, and how many accounts and active sessions there are: numbers that may be a minute
old. For \`audit:read\`.`,
  tags: ['administration'],
  security: OPERATORS,
  querystring: StatisticsQuery,
  response: { 200: StatisticsAnswer, ...refusals(...ADMIN_CODES) }
}

const stats: FastifyPluginAsyncTypebox = async (fastify) => {
  const { adminGate, adminStatistics } = fastify
  const onRequest = adminGate.require({ scopes: ['audit:read'] })

  fastify.get('/stats', { schema, onRequest }, (request) =>
    adminStatistics.read(request, Number(request.query.days ?? DEFAULT_DAYS))
  )
}

export default stats
