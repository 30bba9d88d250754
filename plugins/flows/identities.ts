import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import {
  type FederationRules,
  linkIdentity,
  linkPending,
  type NewLink,
  stepUpWithIdentity,
  unlinkIdentity
} from '../../src/flows/federation.ts'
import { listIdentities } from '../../src/providers/identities.ts'
import { FederationRefusal } from '../../src/providers/provider.ts'
import { type Identity, toIdentity } from '../../src/schemas/identities.ts'

/** A provider, as pages show it. */
export interface ProviderName {
  id: string
  label: string
}

/** The accounts at providers with which the owner of an account signs in. */
export interface Identities {
  readonly rules: FederationRules
  /** Lists the identities of the account of the session. */
  list(request: FastifyRequest): Promise<Identity[]>
  /** Lists the providers with which the owner of the session can sign in. */
  providersOf(request: FastifyRequest): Promise<ProviderName[]>
  /**
   * Links an identity to the account of the session.
   *
   * @throws FederationRefusal 'session ended'; Problem IDENTITY_TAKEN
   */
  link(request: FastifyRequest, link: NewLink): Promise<void>
  /**
   * Authenticates the user of the session again.
   *
   * @throws FederationRefusal 'session ended', 'another account', 'another factor', 'not asked again'
   */
  stepUp(request: FastifyRequest, link: NewLink): Promise<void>
  /**
   * Links the identity that waits in the browser for a sign-in to this account, if there is one. After any sign-in, none
   * waits any more.
   */
  linkPending(request: FastifyRequest, reply: FastifyReply, account: string): Promise<void>
  /**
   * Removes an identity from the account of the session.
   *
   * @throws Problem NOT_FOUND, LAST_CREDENTIAL
   */
  unlink(request: FastifyRequest, id: string): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    identities: Identities
  }
}

export default fp(
  async (fastify) => {
    const { ceremonies, clock, config, factorEnrolment, federationCookies, mail, providers, sessions } = fastify
    const rules: FederationRules = {
      lifetimes: sessions.rules,
      limitSecret: fastify.deriveKey('limits'),
      mail: mail.available
    }

    fastify.decorate('identities', {
      rules,

      async list({ database, user }) {
        return (await listIdentities(database, user.sub)).map(toIdentity)
      },

      async providersOf({ database, user }) {
        if (providers.size === 0) return []
        const linked = new Set((await listIdentities(database, user.sub)).map(({ provider }) => provider))
        return [...providers.values()].flatMap(({ settings: { id, label } }) => (linked.has(id) ? [{ id, label }] : []))
      },

      async link(request, { provider, identity }) {
        const { database, user } = request
        const isNew = await linkIdentity(database, rules, user, { provider, identity })
        mail.wake()
        const detail = { provider: provider.id }
        if (isNew) request.record('identity linked', { account: user.sub, session: user.sid, detail })
      },

      async stepUp(request, { provider, identity }) {
        const { database, user } = request
        const { STEP_UP_MAX_AGE } = config
        // The provider may ignore that it is to ask again (OpenID Connect Core 1.0 §3.1.2.1).
        const isRecentOrUnstated =
          identity.authTime === undefined || identity.authTime > clock.now() / 1000 - STEP_UP_MAX_AGE
        if (!isRecentOrUnstated) throw new FederationRefusal('not asked again')
        await stepUpWithIdentity(database, rules, user, { identity, rpId: ceremonies?.party.id })
        request.record('stepped up', { account: user.sub, session: user.sid, detail: { provider: provider.id } })
      },

      async linkPending(request, reply, account) {
        const pending = federationCookies.pendingOf(request)
        const provider = pending?.account === account && providers.get(pending.provider)?.settings
        const isNew =
          pending && provider
            ? await linkPending(request.database, rules, account, { provider, identity: pending.identity })
            : false
        federationCookies.forgetPending(request, reply)
        if (!isNew || !pending) return
        mail.wake()
        request.record('identity linked', { account, detail: { provider: pending.provider } })
      },

      async unlink(request, id) {
        let provider = ''
        await factorEnrolment.change(request, async (change) => {
          provider = await unlinkIdentity(change, id, ceremonies?.party.id)
        })
        const { sub: account, sid: session } = request.user
        request.record('identity unlinked', { account, session, detail: { provider } })
      }
    } satisfies Identities)
  },
  {
    name: 'identities',
    dependencies: [
      'audit',
      'ceremonies',
      'clock',
      'config',
      'database',
      'derive-key',
      'factor-enrolment',
      'federation-cookies',
      'mail',
      'providers',
      'sessions'
    ]
  }
)
