import type { Static } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Database } from '../../src/database/database.ts'
import { Problem, type Proof } from '../../src/errors.ts'
import type { StepUp } from '../../src/schemas/factors.ts'
import type { Authentication } from '../../src/sessions/assurance.ts'
import { addProofToSession } from '../../src/sessions/authentication.ts'
import { findOwnCredentials, lockOwnCredentials } from '../../src/users/credentials.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Authenticates the user of a session again, by a password or another factor.
     *
     * @returns the new authentication of the session
     * @throws Problem FORBIDDEN for a password if the account requires a second step; INVALID_CREDENTIALS for a wrong
     * one; MFA_CODE_INVALID; TOO_MANY_REQUESTS; OVERLOADED; TOKEN_INVALID if the session has ended meanwhile
     */
    stepUp(request: FastifyRequest, reply: FastifyReply, proof: Static<typeof StepUp>): Promise<Authentication>
  }
}

/** The new authentication of a session, and its proof. */
interface SteppedUp extends Authentication {
  proof: Proof
}

export default fp(
  async (fastify) => {
    const { factors, sessions } = fastify

    async function byPassword(request: FastifyRequest, reply: FastifyReply, password: string): Promise<SteppedUp> {
      const { account: user, database } = request
      if (user.mfaRequired) throw secondStepRequired()
      return fastify.checkOwnPassword(request, reply, { purpose: 'step-up', password }, (account, { refuse }) =>
        database.transact(async (transaction) => {
          const locked = await lockOwnCredentials(transaction, user.id)
          if (locked?.password_version !== account.password_version) throw refuse()
          if (locked.mfa_required) throw secondStepRequired()
          return authenticate(transaction, request, 'password')
        })
      )
    }

    async function byFactor(
      request: FastifyRequest,
      { credential, ...codes }: Omit<Static<typeof StepUp>, 'password'>
    ): Promise<SteppedUp> {
      const { account: user, database } = request
      const account = await findOwnCredentials(database, user.id)
      if (!account) throw new Problem('TOKEN_INVALID')
      const answers = { ...codes, passkey: credential }
      const attempt = { account, answers, purpose: { for: 'step-up', session: request.user.sid } } as const
      return factors.check(request, attempt, (use) =>
        database.transact(async (transaction) => {
          await lockOwnCredentials(transaction, user.id)
          return authenticate(transaction, request, await use(transaction))
        })
      )
    }

    /** Stores the proof in the session. */
    async function authenticate(transaction: Database, { user }: FastifyRequest, proof: Proof): Promise<SteppedUp> {
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
  { name: 'step-up', dependencies: ['audit', 'database', 'factors', 'own-password', 'sessions'] }
)

const secondStepRequired = () => new Problem('FORBIDDEN', { message: 'This account requires a second step.' })
