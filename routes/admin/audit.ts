import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { listPage } from '../../src/audit/list.ts'
import { Problem } from '../../src/errors.ts'
import { normalizeAddress } from '../../src/http/client-address.ts'
import { ADMIN_CODES, OPERATORS } from '../../src/schemas/admin/answers.ts'
import { DEFAULT_LIMIT, toMoment } from '../../src/schemas/admin/queries.ts'
import { RecordQuery, RecordsAnswer } from '../../src/schemas/admin/record.ts'
import { refusals } from '../../src/schemas/answers.ts'

const schema = {
  operationId: 'adminListRecords',
  summary: 'List the audit log',
  description: `Records, the newest first: those for which all given filters hold. \`account\` is whom it concerns, \`by\` who did it.
A page may have fewer records than \`limit\` although \`next\` is not null. For \`audit:read\`.`,
  tags: ['administration'],
  security: OPERATORS,
  querystring: RecordQuery,
  response: { 200: RecordsAnswer, ...refusals(...ADMIN_CODES) }
}

/** @throws Problem VALIDATION_FAILED */
function requireAddress(text: string): string {
  const address = normalizeAddress(text)
  if (address !== undefined) return address
  throw new Problem('VALIDATION_FAILED', { errors: [{ path: '/address', message: 'must be an IP address' }] })
}

const audit: FastifyPluginAsyncTypebox = async (fastify) => {
  const { adminGate } = fastify
  const onRequest = adminGate.require({ scopes: ['audit:read'] })

  fastify.get('/audit', { schema, onRequest }, async ({ database, query }) => {
    const { limit, cursor, account, by, action, address, after, before } = query
    return listPage(database, {
      account,
      by,
      action,
      address: address === undefined ? undefined : requireAddress(address),
      after: toMoment('/after', after),
      before: toMoment('/before', before),
      below: cursor === undefined ? undefined : Number(cursor),
      limit: Number(limit ?? DEFAULT_LIMIT)
    })
  })
}

export default audit
