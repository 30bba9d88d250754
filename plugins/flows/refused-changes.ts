import type { FastifyRequest } from 'fastify'
import type { EventContext } from '../../src/audit/append.ts'
import { REFUSALS_EVERY, refusedChange } from '../../src/audit/refusals.ts'
import { createRecentlySeen } from '../../src/limits/recently-seen.ts'

/** Records an error if it is a refusal by a rule of roles. */
export type RecordRefusedChange = (
  request: FastifyRequest,
  error: unknown,
  subject: Pick<EventContext, 'account' | 'session'>
) => void

/**
 * Makes the records of changes that users cannot make to their own accounts, once a minute for each account and route, as
 * those of the admin API.
 *
 * @param now milliseconds since the epoch
 */
export function createRefusedChanges(now: () => number): RecordRefusedChange {
  const isFirst = createRecentlySeen(now, REFUSALS_EVERY)
  return (request, error, subject) => {
    const reason = refusedChange(error)
    const route = `${request.method} ${request.routeOptions.url}`
    if (reason && isFirst(JSON.stringify([subject.account, route]))) {
      request.record('admin refused', { ...subject, detail: { reason, route } })
    }
  }
}
