import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { readChallenge } from '../../plugins/pages/sign-in-pages.ts'
import { displayName } from '../../src/admin/accounts.ts'
import type { AuthenticationChallenge, Problem } from '../../src/errors.ts'
import { type PageContext, say } from '../../src/pages/layout.ts'
import { describeProblem, describeProofErrors } from '../../src/pages/problems.ts'
import { type StepUpPage, stepUpImpossibleView, stepUpView } from '../../src/pages/views/step-up.ts'
import { StepUpForm } from '../../src/schemas/pages.ts'
import { levelOf } from '../../src/sessions/assurance.ts'
import type { SessionUser } from '../../src/sessions/sessions.ts'

/**
 * Authenticates the user of the session again, and leads on. It always asks: the page that leads here may need a later
 * authentication than the service itself does.
 */
const stepUp: FastifyPluginAsync = async (fastify) => {
  const { factors, identities, limits, pages, passwords } = fastify
  const { returnTo } = pages
  if (!pages.hosted) return

  const newChallenge = (request: FastifyRequest) =>
    factors.challengeFor(request, request.account, { for: 'step-up', session: request.user.sid })

  pages.add(fastify, {
    path: '/step-up',
    body: StepUpForm,
    before: [returnTo.check, pages.requireSession],
    preValidation: pages.readFactors,
    preHandler: [limits.byAddress('second factor'), passwords.admitFor('password')],

    async show({ request, page }) {
      const challenge = await newChallenge(request)
      return stepUpView(page, {
        ...givenOf(request),
        challenge,
        ...(await providersFor(request, challenge)),
        renew: true
      })
    },

    async act(visit, { return_to: _, challenge: __, provider, ...proof }) {
      const { request, reply, page } = visit
      if (provider !== undefined) {
        const what = { purpose: 'step-up', session: request.user.sid, returnTo: returnTo.given(request) } as const
        return pages.providers.begin(visit, provider, what)
      }
      const { amr } = await fastify.stepUp(request, reply, proof)
      // Of a session from a passkey that was deleted since, one code makes one factor.
      if (request.account.mfaRequired && levelOf(amr) !== 'aal2') return stepUpImpossibleView(page)
      return returnTo.goOn(request, page)
    },

    async refuse({ request, page }, problem) {
      const challenge = await challengeAfter(request, problem)
      if (!challenge) return stepUpImpossibleView(page, describeProblem(page, problem))
      const providers = await providersFor(request, challenge)
      return stepUpView(page, { ...givenOf(request), challenge, ...providers, ...refusalOf(page, request, problem) })
    }
  })

  /** The providers of an account that has no other way. They are left out where the database fails. */
  async function providersFor(request: FastifyRequest, { factors: { length } }: AuthenticationChallenge) {
    const isOffered = length === 0 && request.account?.mfaRequired === false
    return { providers: isOffered ? await identities.providersOf(request).catch(() => []) : [] }
  }

  const givenOf = (request: FastifyRequest) => ({
    account: accountOf(request),
    returnTo: returnTo.given(request)
  })

  /** A new challenge, or the one that was answered if there can be no other, as without the database. */
  async function challengeAfter(
    request: FastifyRequest,
    problem: Problem
  ): Promise<AuthenticationChallenge | undefined> {
    const { challenge } = Object(request.body) as { challenge?: unknown }
    if (!request.account || problem.statusCode >= 500) return readChallenge(challenge)
    try {
      return await newChallenge(request)
    } catch {
      return readChallenge(challenge)
    }
  }
}

export default stepUp

/** The name of the account; undefined if the session could not be looked for. */
function accountOf(request: FastifyRequest): string | undefined {
  const { account } = request as { account?: SessionUser }
  return account && displayName(account)
}

/** What was wrong with the last answer. */
function refusalOf(
  page: PageContext,
  { body }: FastifyRequest,
  problem: Problem
): Pick<StepUpPage, 'errors' | 'tried'> {
  const sent = Object(body) as Record<string, unknown>
  const errors = describeProofErrors(page, problem, sent)
  // A second step is required only since the page was shown: a password is not enough any more.
  if (problem.code === 'FORBIDDEN') errors.summary = say(page, 'step-up.second-step')
  return { errors, tried: TRIED.find((each) => sent[each] !== undefined) }
}

const TRIED = ['password', 'totp', 'recovery_code'] as const
