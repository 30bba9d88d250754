import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Done } from '../../src/admin/targets.ts'
import { refusedChange } from '../../src/audit/refusals.ts'
import type { Database } from '../../src/database/database.ts'
import type { OperatorContext } from '../../src/flows/operator/account-acts.ts'

/** A change by an operator: what it does to the database. */
type Work<Result> = (transaction: Database, context: OperatorContext) => Promise<Done<Result>>

/** Changes by operators, each with its records in one transaction. */
export interface AdminChanges {
  /**
   * Makes a change for `request.operator`: all of it and its records, or nothing. Mails that it enqueues are sent afterwards.
   *
   * @throws the Problem of the work; a refusal by role is recorded
   */
  make<Result>(request: FastifyRequest, work: Work<Result>): Promise<Result>
  /**
   * Judges a change before any of it is done.
   *
   * @throws the Problem of the judgement; a refusal by role is recorded
   */
  judge(request: FastifyRequest, judgement: () => void): void
}

declare module 'fastify' {
  interface FastifyInstance {
    adminChanges: AdminChanges
  }
}

export default fp(
  async (fastify) => {
    const { adminGate, audit, clientAddress, mail, sessions } = fastify
    const context = { lifetimes: sessions.rules, secret: fastify.deriveKey('limits'), mail: mail.available }

    function recordRefusal(request: FastifyRequest, error: unknown): void {
      const reason = refusedChange(error)
      if (reason) adminGate.recordRefusal(request, reason)
    }

    fastify.decorate('adminChanges', {
      judge(request, judgement) {
        try {
          judgement()
        } catch (error) {
          recordRefusal(request, error)
          throw error
        }
      },

      async make(request, work) {
        const { database, id: requestId, operator, raw } = request
        const from = { actor: operator.actor, address: clientAddress(raw), requestId }
        try {
          const { result, committed } = await database.transact(async (transaction) => {
            const { result, acts } = await work(transaction, { ...context, operator })
            const events = acts.map((act) => ({ ...act, ...from, detail: { ...act.detail, by: operator.id } }))
            return { result, committed: await audit.append(transaction, events) }
          })
          committed()
          mail.wake()
          return result
        } catch (error) {
          recordRefusal(request, error)
          throw error
        }
      }
    } satisfies AdminChanges)
  },
  {
    name: 'admin-changes',
    dependencies: ['admin-gate', 'audit', 'client-address', 'database', 'derive-key', 'mail', 'sessions']
  }
)
