import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type AuthenticationChallenge, Problem } from '../../src/errors.ts'
import { registerIdentity, resolveIdentity } from '../../src/flows/federation.ts'
import type { NewMail } from '../../src/mail/mails.ts'
import { type Attempt, makeSecrets, type Pending, type Purpose } from '../../src/providers/attempt.ts'
import { FederationRefusal, type ProvenIdentity, type Provider, type Reason } from '../../src/providers/provider.ts'
import type { Names } from '../../src/schemas/users.ts'
import { isUsernameReserved } from '../../src/users/reserved-usernames.ts'
import type { IdentifiedAccount } from './sign-in.ts'

/** How an attempt at a provider ended. */
export type Outcome =
  | { outcome: 'signed in' | 'linked' | 'stepped up' | 'ask' | 'unnamed' | 'unverified' }
  | { outcome: 'second step'; challenge: AuthenticationChallenge }
  | { outcome: 'failed'; reason: Reason | 'not allowed' }

/** An outcome, with what the attempt was for. */
export type FederationResult = Outcome & {
  /** The label of the provider. */
  label: string
  purpose: Purpose
  /** Where to go on, as it was given. */
  returnTo: string | undefined
}

/** Which names a new account without a trusted address is asked for. */
export type Asks = 'username' | 'email' | 'both'

/** An attempt, and its provider. */
interface Attempted extends Pick<Attempt, 'purpose' | 'session' | 'returnTo'> {
  provider: Provider
  /** The account of the session, once it is known that the browser still has it. */
  account?: string
}

/** Signing in with other providers. */
export interface Federation {
  /** Undefined if a new account needs an address that nobody can be asked for. */
  readonly asks: Asks | undefined
  /**
   * Begins an attempt at a provider.
   *
   * @param what with the session of the request, unless it is for a new one
   * @returns the address at the provider, or why it failed
   * @throws Problem NOT_FOUND
   */
  begin(
    request: FastifyRequest,
    reply: FastifyReply,
    id: string,
    what: Pick<Attempt, 'purpose' | 'session' | 'returnTo'>
  ): Promise<{ location: string } | FederationResult>
  /**
   * Completes it, by the answer of the provider. A sign-in sets the cookies of a session.
   *
   * @throws Problem NOT_FOUND; rethrows errors of the database
   */
  complete(request: FastifyRequest, reply: FastifyReply, id: string, answer: URLSearchParams): Promise<FederationResult>
  /** The identity that waits for the name of its account, and the label of its provider. */
  unnamed(request: FastifyRequest): { pending: Pending; label: string } | undefined
  /**
   * Makes the account of an identity, with names that were chosen, and signs in.
   *
   * @throws Problem ACCOUNT_EXISTS, NOT_FOUND without such an identity
   */
  register(request: FastifyRequest, reply: FastifyReply, names: Names): Promise<FederationResult>
}

declare module 'fastify' {
  interface FastifyInstance {
    federation: Federation
  }
}

export default fp(
  async (fastify) => {
    const { config, federationCookies, identities, limits, mail, pageSessions, providers, signIn } = fastify
    const { rules } = identities

    function find(id: string): Provider {
      const provider = providers.get(id)
      if (!provider) throw new Problem('NOT_FOUND')
      return provider
    }

    function fail(request: FastifyRequest, attempted: Attempted, reason: Reason): Outcome {
      const { provider, purpose, session, account } = attempted
      const action = purpose === 'step-up' ? 'step-up failed' : 'federated login failed'
      request.record(action, { account, session, detail: { reason, provider: provider.settings.id } })
      return { outcome: 'failed', reason }
    }

    /** Maps an error to an outcome. Rethrows unexpected errors. */
    function outcomeOf(request: FastifyRequest, attempted: Attempted, error: unknown): Outcome {
      if (error instanceof FederationRefusal) return fail(request, attempted, error.reason)
      const { challenge, code } = error as Problem
      if (challenge) return { outcome: 'second step', challenge }
      if (code === 'IDENTITY_TAKEN') return fail(request, attempted, 'identity taken')
      // Both are on record.
      if (code === 'EMAIL_UNVERIFIED') return { outcome: 'unverified' }
      if (code === 'INVALID_CREDENTIALS') return { outcome: 'failed', reason: 'not allowed' }
      throw error
    }

    async function open(
      request: FastifyRequest,
      reply: FastifyReply,
      identified: Omit<IdentifiedAccount, 'pageSecret'>
    ): Promise<Outcome> {
      await pageSessions.open(request, reply, (pageSecret) =>
        signIn.withIdentity(request, reply, { ...identified, pageSecret })
      )
      return { outcome: 'signed in' }
    }

    function attemptOf(
      request: FastifyRequest,
      reply: FastifyReply,
      id: string,
      answer: URLSearchParams
    ): { attempt?: Attempt; refused?: Reason } {
      const states = answer.getAll('state')
      const attempt = federationCookies.take(request, reply, states.length === 1 ? String(states[0]) : null)
      if (attempt === undefined) return { refused: 'no attempt' }
      if (attempt === 'expired') return { refused: 'attempt expired' }
      return attempt.provider === id ? { attempt } : { refused: 'attempt of another provider' }
    }

    async function signInWith(
      request: FastifyRequest,
      reply: FastifyReply,
      { provider: { settings }, returnTo }: Attempted,
      identity: ProvenIdentity
    ): Promise<Outcome> {
      const arrival = { provider: settings, identity, locale: mail.localeOf(request) }
      const resolution = await resolveIdentity(request.database, rules, arrival)
      const pending = { provider: settings.id, identity, returnTo }
      if (resolution.outcome === 'unnamed') {
        if (!federation.asks) throw new FederationRefusal('no verified address')
        federationCookies.keepPending(reply, pending)
        return { outcome: 'unnamed' }
      }
      const { account, outcome } = resolution
      const isLater = outcome === 'ask' || outcome === 'second step first'
      if (isLater) federationCookies.keepPending(reply, { ...pending, account: account.id })
      if (outcome === 'ask') return { outcome }
      mail.wake()
      const by = { account: account.id, detail: { provider: settings.id } }
      if (resolution.outcome === 'claimed') {
        const { ended } = resolution.claimed
        request.record('account claimed', { ...by, detail: { ...by.detail, count: ended } })
      }
      if (outcome === 'registered') request.record('registered', by)
      if (outcome === 'linked' || outcome === 'claimed') request.record('identity linked', by)
      return open(request, reply, { account, provider: settings.id, authTime: identity.authTime })
    }

    /** @throws FederationRefusal 'session ended' if the browser no longer has the session that began the attempt */
    async function requireSameSession(request: FastifyRequest, attempted: Attempted): Promise<void> {
      const isSame = (await pageSessions.find(request)) && request.user.sid === attempted.session
      if (!isSame) throw new FederationRefusal('session ended')
      attempted.account = request.user.sub
    }

    /** What each kind of attempt does with the identity that arrives. */
    const arrive = {
      'sign-in': signInWith,

      async link(request, _reply, attempted, identity) {
        await requireSameSession(request, attempted)
        await identities.link(request, { provider: attempted.provider.settings, identity })
        return { outcome: 'linked' }
      },

      async 'step-up'(request, _reply, attempted, identity) {
        await requireSameSession(request, attempted)
        await identities.stepUp(request, { provider: attempted.provider.settings, identity })
        return { outcome: 'stepped up' }
      }
    } satisfies Record<Purpose, typeof signInWith>

    const countMail = (request: FastifyRequest) =>
      mail.available
        ? (notice: NewMail, transaction: Parameters<typeof limits.byRecipient>[2]) =>
            limits.byRecipient(request, notice, transaction)
        : undefined

    const federation: Federation = {
      asks: asksOf(config),

      async begin(request, reply, id, { purpose, session, returnTo }) {
        const attempted = { provider: find(id), purpose, session, returnTo }
        const secrets = makeSecrets()
        try {
          const location = await attempted.provider.begin({ ...secrets, reauthenticate: purpose === 'step-up' })
          federationCookies.keep(request, reply, { ...secrets, provider: id, purpose, session, returnTo })
          return { location }
        } catch (error) {
          return resultOf(attempted, outcomeOf(request, attempted, error))
        }
      },

      async complete(request, reply, id, answer) {
        const provider = find(id)
        const { attempt, refused } = attemptOf(request, reply, id, answer)
        if (!attempt) {
          const unknown: Attempted = { provider, purpose: 'sign-in' }
          return resultOf(unknown, fail(request, unknown, refused as Reason))
        }
        const attempted: Attempted = { ...attempt, provider }
        try {
          const identity = await provider.complete(answer, attempt)
          return resultOf(attempted, await arrive[attempt.purpose](request, reply, attempted, identity))
        } catch (error) {
          return resultOf(attempted, outcomeOf(request, attempted, error))
        }
      },

      unnamed(request) {
        const pending = federationCookies.pendingOf(request)
        const settings = pending?.account === undefined ? providers.get(String(pending?.provider))?.settings : undefined
        // The operator may have changed the provider since.
        return pending && settings?.signUp ? { pending, label: settings.label } : undefined
      },

      async register(request, reply, names) {
        const waiting = federation.unnamed(request)
        if (!waiting) throw new Problem('NOT_FOUND')
        const { pending } = waiting
        const provider = find(pending.provider)
        const named = {
          ...names,
          locale: mail.localeOf(request),
          isReserved: isUsernameReserved(config, names.username)
        }
        const { account, isNew } = await registerIdentity(request.database, pending, named, countMail(request))
        mail.wake()
        const detail = { provider: pending.provider }
        if (isNew) request.record('registered', { account: account.id, detail })
        const attempted: Attempted = { provider, purpose: 'sign-in', returnTo: pending.returnTo }
        const { authTime } = pending.identity
        try {
          return resultOf(attempted, await open(request, reply, { account, provider: pending.provider, authTime }))
        } catch (error) {
          federationCookies.forgetPending(request, reply)
          return resultOf(attempted, outcomeOf(request, attempted, error))
        }
      }
    }
    fastify.decorate('federation', federation)
  },
  {
    name: 'federation',
    dependencies: [
      'audit',
      'config',
      'database',
      'federation-cookies',
      'identities',
      'limits',
      'mail',
      'page-sessions',
      'providers',
      'sign-in'
    ]
  }
)

const resultOf = ({ provider, purpose, returnTo }: Attempted, outcome: Outcome): FederationResult => ({
  label: provider.settings.label,
  purpose,
  returnTo,
  ...outcome
})

/** With HIDE_ACCOUNTS nobody is told that an address is taken, so none is asked for. */
function asksOf({
  HIDE_ACCOUNTS,
  REQUIRE_VERIFIED_EMAIL
}: {
  HIDE_ACCOUNTS: 'on' | 'off'
  REQUIRE_VERIFIED_EMAIL: 'on' | 'off'
}): Asks | undefined {
  const needsEmail = REQUIRE_VERIFIED_EMAIL === 'on'
  if (HIDE_ACCOUNTS === 'on') return needsEmail ? undefined : 'username'
  return needsEmail ? 'email' : 'both'
}
