import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ACTIONS, type Action } from '../../src/audit/actions.ts'
import { listAudit } from '../../src/audit/list.ts'
import { Problem } from '../../src/errors.ts'
import { ADMIN, OPERATORS } from '../../src/schemas/admin/answers.ts'
import { DEFAULT_LIMIT, toMoment } from '../../src/schemas/admin/queries.ts'
import { RecordQuery, RecordsAnswer } from '../../src/schemas/admin/record.ts'
import { refusals } from '../../src/schemas/answers.ts'

const schema = {
  operationId: 'adminListRecords',
  summary: 'List the audit log',
  description: `Records, the newest first: those for which all given filters hold. \`account\` is whom it concerns, \`by\` who did it.
For \`audit:read\`.`,
  tags: ['administration'],
  security: OPERATORS,
  querystring: RecordQuery,
  response: { 200: RecordsAnswer, ...refusals(...ADMIN) }
}

/** @throws Problem VALIDATION_FAILED */
function requireAction(action: string): Action {
  const known = ACTIONS.find((each) => each === action)
  if (known) return known
  throw new Problem('VALIDATION_FAILED', {
    errors: [{ path: '/action', message: 'must be an action of the audit log' }]
  })
}

const audit: FastifyPluginAsyncTypebox = async (fastify) => {
  const { adminGate, config } = fastify
  if (config.ADMIN === 'off') return
  const onRequest = adminGate.require({ scopes: ['audit:read'] })

  fastify.get('/audit', { schema, onRequest }, async ({ database, query }) => {
    const { limit: size, cursor, account, by, action, address, after, before } = query
    const limit = Number(size ?? DEFAULT_LIMIT)
    const listed = await listAudit(database, {
      account,
      // Ids of accounts are stored in lower case; those of keys have 22 characters of either.
      by: by?.length === 36 ? by.toLowerCase() : by,
      action: action === undefined ? undefined : requireAction(action),
      address,
      after: toMoment('/after', after),
      before: toMoment('/before', before),
      below: cursor === undefined ? undefined : Number(cursor),
      limit: limit + 1
    })
    const records = listed.reverse().slice(0, limit)
    return { records, next: listed.length > limit ? String(records.at(-1)?.seq) : null }
  })
}

export default audit
