import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Database } from '../../src/database/database.ts'
import { type AuthenticationChallenge, Problem, type Proof, stepUpChallenge } from '../../src/errors.ts'
import { CHALLENGE_SECONDS } from '../../src/factors/challenges.ts'
import type { Answers, Factor, FactorAccount, FactorPurpose } from '../../src/factors/factor.ts'
import { readFactors, usableFactors } from '../../src/factors/state.ts'
import { MAX_GUESSES } from '../../src/limits/guesses.ts'
import { enqueueNotice } from '../../src/mail/mails.ts'
import { judgeFreshness } from '../../src/sessions/assurance.ts'
import type { DeviceOwner } from '../../src/users/credentials.ts'
import { settle } from './settle.ts'

/** An attempt to prove a factor other than the password. */
export interface FactorAttempt {
  account: FactorAccount & DeviceOwner
  /** The answers of the request: exactly one. */
  answers: { [Name in keyof Answers]?: Answers[Name] | undefined }
  purpose: FactorPurpose
}

/**
 * Uses the answer of an attempt, in the transaction of its purpose. The caller has locked the account.
 *
 * @returns the proof
 * @throws Problem MFA_CODE_INVALID if the answer cannot be used, for example because a concurrent request did
 */
export type UseAnswer = (transaction: Database) => Promise<Proof>

/** The factors other than the password. */
export interface Factors {
  /** Adds a kind of factor. Called once for each, when the application starts. */
  add<Name extends keyof Answers>(factor: Factor<Name>): void
  /**
   * Makes a challenge that lists the factors of an account for a purpose, with the options for a passkey if it has one.
   */
  challengeFor(
    request: FastifyRequest,
    account: Pick<FactorAccount, 'id'>,
    purpose: FactorPurpose
  ): Promise<AuthenticationChallenge>
  /**
   * Checks an answer. The attempt is counted as wrong before the check. A success resets the counters; the attempt is
   * refunded if it ends in 503, or if the answer was right and the work fails. Failures are recorded.
   *
   * @param work one transaction that locks the account, and then uses the answer
   * @throws Problem MFA_CODE_INVALID, TOO_MANY_REQUESTS
   */
  check<Result>(
    request: FastifyRequest,
    attempt: FactorAttempt,
    work: (use: UseAnswer) => Promise<Result>
  ): Promise<Result>
  /**
   * An onRequest hook, after `tokens.authenticateSession`: requires a fresh access token (RFC 9470).
   *
   * @throws Problem STEP_UP_REQUIRED
   */
  requireFresh(request: FastifyRequest): Promise<void>
  /**
   * The same for changes that ask for the current password: only if the account requires a second step, or has no
   * password.
   */
  requireFreshBesidePassword(request: FastifyRequest): Promise<void>
  /**
   * An onRequest hook, after `tokens.authenticateSession`: requires an access token at `aal2`, whatever the account requires
   * at sign-in.
   *
   * @throws Problem STEP_UP_REQUIRED
   */
  requireAal2(request: FastifyRequest): Promise<void>
  /** Whether the access token is fresh and at `aal2`. */
  isFreshAal2(request: FastifyRequest): boolean
}

declare module 'fastify' {
  interface FastifyInstance {
    factors: Factors
  }
}

/** The audit action of a failed attempt, by its purpose. */
const FAILED = { 'second step': 'second factor failed', 'step-up': 'step-up failed' } as const

export default fp(
  async (fastify) => {
    const { ceremonies, clock, config, limits, mail } = fastify
    const { STEP_UP_MAX_AGE: maxAge } = config
    const known = new Map<keyof Answers, Factor>()

    async function challengeFor(
      request: FastifyRequest,
      account: Pick<FactorAccount, 'id'>,
      purpose: FactorPurpose
    ): Promise<AuthenticationChallenge> {
      const stored = await readFactors(request.database, account.id, ceremonies?.party.id)
      const factors = stored ? usableFactors(stored, { password: purpose.for === 'step-up' }) : []
      const passkey = factors.includes('passkey') ? known.get('passkey') : undefined
      const options = await passkey?.options?.(request, account, purpose)
      return { factors, expires_in: CHALLENGE_SECONDS, ...(options !== undefined && { public_key: options }) }
    }

    async function check<Result>(
      request: FastifyRequest,
      attempt: FactorAttempt,
      work: (use: UseAnswer) => Promise<Result>
    ): Promise<Result> {
      const { account, answers, purpose } = attempt
      const [method] = (Object.keys(answers) as (keyof Answers)[]).filter((name) => answers[name] !== undefined)
      const factor = method && known.get(method)
      /** Records the reason and returns the refusal, which does not contain it. */
      const refuse = (reason: string) => {
        const session = purpose.for === 'step-up' ? { session: purpose.session } : {}
        const detail = { reason, ...(method && { method }) }
        request.record(FAILED[purpose.for], { account: account.id, ...session, detail })
        return new Problem('MFA_CODE_INVALID')
      }
      return limits.guessingCode(request, { account, method }, async (failures) => {
        const checked = await factor?.check(request, account, answers[factor.name] as never, purpose)
        if (!checked) {
          const refusal = refuse('wrong')
          if (purpose.for === 'second step' && failures >= MAX_GUESSES)
            await settle(request, warnOwner(request, account))
          throw refusal
        }
        let isRefused = false
        const use: UseAnswer = async (transaction) => {
          isRefused = !(await checked.use(transaction))
          if (isRefused) throw refuse('used')
          return checked.proof
        }
        try {
          const result = await work(use)
          checked.used?.()
          return result
        } catch (error) {
          if (isRefused) await settle(request, checked.refused?.())
          else if (checked.refund && error instanceof Problem) await limits.undo(request, checked.refund)
          throw error
        }
      })
    }

    const judge = (request: FastifyRequest, secondStep: boolean) =>
      judgeFreshness(request.user, { maxAge, secondStep, now: clock.now() })

    /** @param level the level that is missing, to which a password alone does not lead */
    async function stepUpRequired(request: FastifyRequest, level: 'aal2' | undefined): Promise<Problem> {
      const { account, user } = request
      const challenge = await challengeFor(request, account, { for: 'step-up', session: user.sid })
      const factors = challenge.factors.filter((factor) => level === undefined || factor !== 'password')
      return new Problem('STEP_UP_REQUIRED', {
        challenge: { ...challenge, factors },
        headers: { 'www-authenticate': stepUpChallenge(maxAge, level) }
      })
    }

    /** Notifies the owner that somebody knows the password, at most once a day. */
    async function warnOwner(request: FastifyRequest, { id }: FactorAccount): Promise<void> {
      if (!mail.available || !(await limits.isFirstNotice(request, 'password known', id))) return
      await enqueueNotice(request.database, id, { what: 'password known' })
      mail.wake()
    }

    fastify.decorate('factors', {
      add(factor) {
        known.set(factor.name, factor as unknown as Factor)
      },
      challengeFor,
      check,
      async requireFresh(request) {
        const verdict = judge(request, request.account.mfaRequired)
        if (verdict !== 'fresh') throw await stepUpRequired(request, verdict === 'too low' ? 'aal2' : undefined)
      },
      async requireAal2(request) {
        if (judge(request, true) === 'too low') throw await stepUpRequired(request, 'aal2')
      },
      async requireFreshBesidePassword(request) {
        const { mfaRequired, hasPassword } = request.account
        if (mfaRequired || !hasPassword) await fastify.factors.requireFresh(request)
      },
      isFreshAal2: (request) => judge(request, true) === 'fresh'
    } satisfies Factors)
  },
  { name: 'factors', dependencies: ['audit', 'ceremonies', 'clock', 'config', 'database', 'limits', 'mail', 'tokens'] }
)
