import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type AuthenticationChallenge, Problem } from '../../src/errors.ts'
import { registerIdentity, resolveIdentity } from '../../src/flows/federation.ts'
import type { NewMail } from '../../src/mail/mails.ts'
import { type Attempt, makeSecrets, type Pending } from '../../src/providers/attempt.ts'
import { FederationRefusal, type ProvenIdentity, type Provider, type Reason } from '../../src/providers/provider.ts'
import type { Names } from '../../src/schemas/users.ts'
import type { Credentials } from '../../src/users/credentials.ts'
import { isUsernameReserved } from '../../src/users/reserved-usernames.ts'

/** How a sign-in at a provider, or a link to one, ended. */
export type Outcome =
  | { outcome: 'signed in' | 'linked' | 'ask' | 'unnamed' | 'unverified' }
  | { outcome: 'second step'; challenge: AuthenticationChallenge }
  | { outcome: 'failed'; reason: Reason | 'not allowed' }

/** An outcome, with what the attempt was for. */
export type FederationResult = Outcome & {
  /** The label of the provider. */
  label: string
  /** Whether the attempt was to link an identity. */
  isLink: boolean
  /** Where to go on, as it was given. */
  returnTo: string | undefined
}

/** Which names a new account without a trusted address is asked for. */
export type Asks = 'username' | 'email' | 'both'

/** Signing in with other providers. */
export interface Federation {
  /** Undefined if a new account needs an address that nobody can be asked for. */
  readonly asks: Asks | undefined
  /**
   * Begins a sign-in at a provider, or the linking of an identity to the account of the session.
   *
   * @returns the address at the provider, or why it failed
   * @throws Problem NOT_FOUND
   */
  begin(
    request: FastifyRequest,
    reply: FastifyReply,
    id: string,
    what: Pick<Attempt, 'session' | 'returnTo'>
  ): Promise<{ location: string } | FederationResult>
  /**
   * Completes it, by the answer of the provider. Sets the cookies of a session.
   *
   * @throws Problem NOT_FOUND; what the database is at fault for
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

    function fail(request: FastifyRequest, { settings }: Provider, reason: Reason): Outcome {
      request.record('federated login failed', { detail: { reason, provider: settings.id } })
      return { outcome: 'failed', reason }
    }

    /** Maps an error to an outcome. Rethrows unexpected errors. */
    function outcomeOf(request: FastifyRequest, provider: Provider, error: unknown): Outcome {
      if (error instanceof FederationRefusal) return fail(request, provider, error.reason)
      const { challenge, code } = error as Problem
      if (challenge) return { outcome: 'second step', challenge }
      if (code === 'IDENTITY_TAKEN') return fail(request, provider, 'identity taken')
      // Both are on record.
      if (code === 'EMAIL_UNVERIFIED') return { outcome: 'unverified' }
      if (code === 'INVALID_CREDENTIALS') return { outcome: 'failed', reason: 'not allowed' }
      throw error
    }

    async function open(
      request: FastifyRequest,
      reply: FastifyReply,
      account: Credentials,
      provider: string
    ): Promise<Outcome> {
      await pageSessions.open(request, reply, (pageSecret) =>
        signIn.withIdentity(request, reply, { account, provider, pageSecret })
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
      { settings }: Provider,
      arrived: { identity: ProvenIdentity; returnTo: string | undefined }
    ): Promise<Outcome> {
      const { identity } = arrived
      const arrival = { provider: settings, identity, locale: mail.localeOf(request) }
      const resolution = await resolveIdentity(request.database, rules, arrival)
      if (resolution.outcome === 'unnamed') {
        if (!federation.asks) throw new FederationRefusal('no verified address')
        federationCookies.keepPending(reply, { provider: settings.id, ...arrived })
        return { outcome: 'unnamed' }
      }
      const { account, outcome } = resolution
      if (outcome === 'ask') {
        federationCookies.keepPending(reply, { provider: settings.id, account: account.id, ...arrived })
        return { outcome: 'ask' }
      }
      mail.wake()
      const by = { account: account.id, detail: { provider: settings.id } }
      if (resolution.outcome === 'claimed') {
        const { ended } = resolution.claimed
        request.record('account claimed', { ...by, detail: { ...by.detail, count: ended } })
      }
      if (outcome === 'registered') request.record('registered', by)
      if (outcome === 'linked' || outcome === 'claimed') request.record('identity linked', by)
      return open(request, reply, account, settings.id)
    }

    async function link(
      request: FastifyRequest,
      { settings }: Provider,
      identity: ProvenIdentity,
      session: string
    ): Promise<Outcome> {
      const isSame = (await pageSessions.find(request)) && request.user.sid === session
      if (!isSame) throw new FederationRefusal('session ended')
      await identities.link(request, { provider: settings, identity })
      return { outcome: 'linked' }
    }

    const countMail = (request: FastifyRequest) =>
      mail.available
        ? (notice: NewMail, transaction: Parameters<typeof limits.byRecipient>[2]) =>
            limits.byRecipient(request, notice, transaction)
        : undefined

    const federation: Federation = {
      asks: asksOf(config),

      async begin(request, reply, id, { session, returnTo }) {
        const provider = find(id)
        const attempted = { label: provider.settings.label, isLink: session !== undefined, returnTo }
        const secrets = makeSecrets()
        try {
          const location = await provider.begin(secrets)
          federationCookies.keep(request, reply, { ...secrets, provider: id, session, returnTo })
          return { location }
        } catch (error) {
          return { ...attempted, ...outcomeOf(request, provider, error) }
        }
      },

      async complete(request, reply, id, answer) {
        const provider = find(id)
        const { attempt, refused } = attemptOf(request, reply, id, answer)
        const { label } = provider.settings
        if (!attempt) {
          const outcome = fail(request, provider, refused as Reason)
          return { label, isLink: false, returnTo: undefined, ...outcome }
        }
        const { session, returnTo } = attempt
        const attempted = { label, isLink: session !== undefined, returnTo }
        try {
          const identity = await provider.complete(answer, attempt)
          const outcome =
            session === undefined
              ? await signInWith(request, reply, provider, { identity, returnTo })
              : await link(request, provider, identity, session)
          return { ...attempted, ...outcome }
        } catch (error) {
          return { ...attempted, ...outcomeOf(request, provider, error) }
        }
      },

      unnamed(request) {
        const pending = federationCookies.pendingOf(request)
        const provider = pending?.account === undefined && providers.get(String(pending?.provider))
        return pending && provider ? { pending, label: provider.settings.label } : undefined
      },

      async register(request, reply, names) {
        const waiting = federation.unnamed(request)
        if (!waiting) throw new Problem('NOT_FOUND')
        const { pending, label } = waiting
        const provider = find(pending.provider)
        const named = {
          ...names,
          locale: mail.localeOf(request),
          isReserved: isUsernameReserved(config, names.username)
        }
        const { account, isNew } = await registerIdentity(request.database, pending, named, countMail(request))
        federationCookies.forgetPending(reply)
        mail.wake()
        const detail = { provider: pending.provider }
        if (isNew) request.record('registered', { account: account.id, detail })
        const attempted = { label, isLink: false, returnTo: pending.returnTo }
        try {
          return { ...attempted, ...(await open(request, reply, account, pending.provider)) }
        } catch (error) {
          return { ...attempted, ...outcomeOf(request, provider, error) }
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
