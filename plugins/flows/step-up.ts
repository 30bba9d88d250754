import type { Static } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Database } from '../../src/database/database.ts'
import { Problem, type Proof } from '../../src/errors.ts'
import { wrongPassword } from '../../src/flows/password-change.ts'
import type { StepUp } from '../../src/schemas/factors.ts'
import type { Authentication } from '../../src/sessions/assurance.ts'
import { addProofToSession } from '../../src/sessions/authentication.ts'
import { findOwnCredentials, lockOwnCredentials } from '../../src/users/credentials.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Authenticates the user of a session again.
     *
     * @returns how the session is authenticated now
     * @throws Problem FORBIDDEN for a password where a second step is required; INVALID_CREDENTIALS for a wrong one;
     * MFA_CODE_INVALID; TOO_MANY_REQUESTS; OVERLOADED; TOKEN_INVALID if the session has ended meanwhile
     */
    stepUp(request: FastifyRequest, reply: FastifyReply, proof: Static<typeof StepUp>): Promise<Authentication>
  }
}

/** A session that was authenticated again. */
interface Noted extends Authentication {
  proof: Proof
}

export default fp(
  async (fastify) => {
    const { factors, limits, passwords, sessions } = fastify

    async function byPassword(request: FastifyRequest, reply: FastifyReply, password: string): Promise<Noted> {
      const { account: user, database } = request
      if (user.mfaRequired) throw notEnough()
      const admission = passwords.admission(reply, { owner: user.id, typed: user })
      const account = await findOwnCredentials(database, user.id)
      return limits.guessing(request, { attempt: 'password', typed: user, account }, async () => {
        const matches = await passwords.verify(password, account?.password_hash, admission)
        if (!account || !matches) throw refusePassword(request)
        return database.transact(async (transaction) => {
          const locked = await lockOwnCredentials(transaction, user.id)
          if (locked?.password_version !== account.password_version) throw refusePassword(request)
          if (locked.mfa_required) throw notEnough()
          return note(transaction, request, 'password')
        })
      })
    }

    async function byFactor(request: FastifyRequest, answers: Static<typeof StepUp>): Promise<Noted> {
      const { account: user, database } = request
      const account = await findOwnCredentials(database, user.id)
      if (!account) throw new Problem('TOKEN_INVALID')
      const attempt = { account, answers, purpose: { for: 'step-up', session: request.user.sid } } as const
      return factors.check(request, attempt, (use) =>
        database.transact(async (transaction) => {
          await lockOwnCredentials(transaction, user.id)
          return note(transaction, request, await use(transaction))
        })
      )
    }

    async function note(transaction: Database, { user }: FastifyRequest, proof: Proof): Promise<Noted> {
      const authentication = await addProofToSession(transaction, sessions.rules, user, proof)
      if (!authentication) throw new Problem('TOKEN_INVALID')
      return { ...authentication, proof }
    }

    fastify.decorate('stepUp', async (request, reply, { password, ...answers }) => {
      const { proof, ...authentication } = await (password === undefined
        ? byFactor(request, answers)
        : byPassword(request, reply, password))
      const { account, user } = request
      request.record('stepped up', { account: account.id, session: user.sid, detail: { method: proof } })
      return authentication
    })
  },
  { name: 'step-up', dependencies: ['audit', 'database', 'factors', 'limits', 'passwords', 'sessions'] }
)

const notEnough = () => new Problem('FORBIDDEN', { message: 'This account requires a second step.' })

function refusePassword(request: FastifyRequest): Problem {
  const detail = { method: 'password', reason: 'wrong password' } as const
  request.record('step-up failed', { account: request.account.id, session: request.user.sid, detail })
  return wrongPassword()
}
