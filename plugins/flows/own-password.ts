import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Action, Detail } from '../../src/audit/actions.ts'
import type { Admission } from '../../src/concurrency/semaphore.ts'
import type { Problem } from '../../src/errors.ts'
import { type Credentials, findOwnCredentials, wrongPassword } from '../../src/users/credentials.ts'
import type { Guessed } from '../limits/guessing.ts'

/** The changes that ask for the current password. */
export type OwnChange = 'password change' | 'email change' | 'account deletion'

/** The purposes for which a signed-in user gives the current password. */
type Purpose = OwnChange | 'step-up'

/** The attempt that the limits count, and the record of a wrong password. */
const ATTEMPTS: Record<Purpose, { attempt: Guessed['attempt']; failed: Action; detail?: Detail }> = {
  'password change': { attempt: 'password change', failed: 'password change failed' },
  'email change': { attempt: 'email change', failed: 'email change failed' },
  'account deletion': { attempt: 'account deletion', failed: 'account deletion failed' },
  'step-up': { attempt: 'password', failed: 'step-up failed', detail: { method: 'password' } }
}

/** A current password as a signed-in user gave it. */
export interface GivenPassword {
  purpose: Purpose
  password: string
}

/** The context of work that a correct password permits. */
export interface PasswordContext {
  /** The places of the request in the hash queue. */
  admission: Admission
  /** Records a failure and returns the refusal, for a password that was changed since it was verified. */
  refuse(): Problem
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Verifies the current password of the user of a session, and runs work that needs it. The attempt counts as a wrong
     * guess, unless the work succeeds or the request fails with a 503. A wrong password is recorded.
     *
     * @param work gets the credentials with which the password was verified
     * @throws Problem INVALID_CREDENTIALS, TOO_MANY_REQUESTS, OVERLOADED
     */
    checkOwnPassword<Result>(
      request: FastifyRequest,
      reply: FastifyReply,
      given: GivenPassword,
      work: (account: Credentials, context: PasswordContext) => Promise<Result>
    ): Promise<Result>
  }
}

/** Decorates `checkOwnPassword`. */
export default fp(
  async (fastify) => {
    const { limits, passwords } = fastify

    fastify.decorate('checkOwnPassword', async (request, reply, { purpose, password }, work) => {
      const { account: user, database } = request
      const { attempt, failed, detail } = ATTEMPTS[purpose]
      function refuse(): Problem {
        const by = { account: user.id, session: request.user.sid }
        request.record(failed, { ...by, detail: { ...detail, reason: 'wrong password' } })
        return wrongPassword()
      }
      const admission = passwords.admission(reply, { owner: user.id, typed: user })
      const account = await findOwnCredentials(database, user.id)
      return limits.guessing(request, { attempt, typed: user, account }, async () => {
        const matches = await passwords.verify(password, account?.password_hash, admission)
        if (!account || !matches) throw refuse()
        return work(account, { admission, refuse })
      })
    })
  },
  { name: 'own-password', dependencies: ['audit', 'database', 'limits', 'passwords'] }
)
