import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { displayName } from '../../src/admin/accounts.ts'
import type { RelyingParty } from '../../src/config/relying-party.ts'
import { serviceOf } from '../../src/config/service.ts'
import { type Code, Problem } from '../../src/errors.ts'
import type { Ceremonies, VerificationContext, VerifiedRegistration } from '../../src/factors/ceremonies.ts'
import {
  CHALLENGE_SECONDS,
  type ChallengePurpose,
  createChallenge,
  readChallenge,
  spendChallenge
} from '../../src/factors/challenges.ts'
import { readCredentialId } from '../../src/factors/credentials.ts'
import type { Checked, FactorContext } from '../../src/factors/factor.ts'
import { describePasskeys, findPasskey, notePasskeyUse } from '../../src/factors/passkeys.ts'
import { resetWrongCodes } from '../../src/factors/totp-secrets.ts'
import { reportCloned } from '../../src/flows/passkeys.ts'
import type { AssertionCredential } from '../../src/schemas/factors.ts'
import type { RegistrationCredential } from '../../src/schemas/passkeys.ts'

/** The options of a ceremony, in the JSON of WebAuthn. */
export interface CeremonyOptions<Options> {
  public_key: Options
  /** Seconds. */
  expires_in: number
}

/** A verified answer and the account of its passkey. */
export interface PasskeyOwner {
  user: string
  checked: Checked
}

/** A refused answer. 'unknown' only if no passkey has the id: browsers may then delete theirs. */
interface Refusal {
  refused: 'unknown' | 'invalid'
  /** The account of the passkey, if there is one. */
  user?: string
}

/** Sign-in with passkeys, and their registration. As a second factor they belong to `fastify.factors`. */
export interface Passkeys {
  readonly party: RelyingParty
  /** Returns the options for `navigator.credentials.create`, for the session of the request. */
  registrationOptions(
    request: FastifyRequest
  ): Promise<CeremonyOptions<Awaited<ReturnType<Ceremonies['registrationOptions']>>>>
  /**
   * Verifies a new passkey, for the session of the request. Stores nothing.
   *
   * @throws Problem PASSKEY_REJECTED
   */
  verifyRegistration(request: FastifyRequest, credential: RegistrationCredential): Promise<VerifiedRegistration>
  /** Returns the options of a sign-in for `navigator.credentials.get`. Only the challenge differs between calls. */
  signInOptions(): Promise<CeremonyOptions<Awaited<ReturnType<Ceremonies['assertionOptions']>>>>
  /**
   * Verifies the answer to a sign-in, and finds the account of its passkey.
   *
   * @throws Problem PASSKEY_UNKNOWN if no account has the passkey, and PASSKEY_INVALID for every other reason
   */
  identify(request: FastifyRequest, credential: AssertionCredential): Promise<PasskeyOwner>
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Undefined if PUBLIC_URL can have no passkeys, and in commands. */
    passkeys: Passkeys | undefined
  }
}

/** Decorates `passkeys` (WebAuthn Level 3) once the library is loaded. */
export default fp(
  async (fastify) => {
    const { ceremonies, clock, config, factors, mail } = fastify
    const key = fastify.deriveKey('passkey challenges')
    const passkeys = ceremonies && createPasskeys(await ceremonies.loaded, ceremonies.party)

    function createPasskeys(ceremony: Ceremonies, party: RelyingParty): Passkeys {
      const serviceName = serviceOf(config).name
      const newChallenge = (purpose: ChallengePurpose) => createChallenge(key, purpose, clock.now())
      const contextOf = (purpose: ChallengePurpose): VerificationContext => ({
        party,
        readChallenge: (text) => readChallenge(key, purpose, text, clock.now())
      })

      async function check(
        request: FactorContext,
        credential: AssertionCredential,
        purpose: ChallengePurpose
      ): Promise<PasskeyOwner | Refusal> {
        const id = credential.id === credential.rawId ? readCredentialId(credential.id) : undefined
        if (!id) return { refused: 'invalid' }
        const passkey = await findPasskey(request.database, id)
        if (!passkey) return { refused: 'unknown' }
        const { user } = passkey
        const verified = await ceremony.verifyAssertion(credential, passkey, contextOf(purpose))
        if ('refused' in verified) {
          logRefusal(request, verified.refused)
          return { refused: 'invalid', user }
        }
        const { challenge, use } = verified
        let isCloned = false
        const checked: Checked = {
          proof: 'passkey',
          async use(transaction) {
            if (!(await spendChallenge(transaction, challenge))) return false
            const outcome = await notePasskeyUse(transaction, passkey, use)
            isCloned = outcome === 'cloned'
            if (outcome !== 'used') return false
            await resetWrongCodes(transaction, user)
            return true
          },
          async refused() {
            if (!isCloned || !(await reportCloned(request.database, mail.available, { user, challenge }))) return
            mail.wake()
            request.record('passkey cloned', { account: user })
          }
        }
        return { user, checked }
      }

      factors.add({
        name: 'passkey',
        async check(request, account, credential, purpose) {
          const outcome = await check(request, credential, purpose)
          return 'checked' in outcome && outcome.user === account.id ? outcome.checked : undefined
        },
        async options({ database }, { id }, purpose) {
          const passkeys = await describePasskeys(database, id, party.id)
          return ceremony.assertionOptions({ party, challenge: newChallenge(purpose), passkeys })
        }
      })

      return {
        party,

        async registrationOptions({ account, database, user }) {
          const passkeys = await describePasskeys(database, account.id, party.id)
          const challenge = newChallenge({ for: 'registration', session: user.sid })
          const named = { id: account.id, name: displayName(account) }
          const options = { party, serviceName, account: named, challenge, passkeys }
          return { public_key: await ceremony.registrationOptions(options), expires_in: CHALLENGE_SECONDS }
        },

        async verifyRegistration(request, credential) {
          const purpose = { for: 'registration', session: request.user.sid } as const
          const verified = await ceremony.verifyRegistration(credential, contextOf(purpose))
          if (!('refused' in verified)) return verified
          logRefusal(request, verified.refused)
          throw new Problem('PASSKEY_REJECTED')
        },

        async signInOptions() {
          const options = { party, challenge: newChallenge({ for: 'sign-in' }) }
          return { public_key: await ceremony.assertionOptions(options), expires_in: CHALLENGE_SECONDS }
        },

        async identify(request, credential) {
          const outcome = await check(request, credential, { for: 'sign-in' })
          if ('checked' in outcome) return outcome
          const { refused: reason, user: account } = outcome
          request.record('passkey login failed', { ...(account && { account }), detail: { reason, method: 'passkey' } })
          throw new Problem(CODES[reason])
        }
      }
    }

    fastify.decorate('passkeys', passkeys)
  },
  {
    name: 'passkeys',
    dependencies: ['audit', 'ceremonies', 'clock', 'config', 'database', 'derive-key', 'factors', 'mail']
  }
)

const CODES = { unknown: 'PASSKEY_UNKNOWN', invalid: 'PASSKEY_INVALID' } as const satisfies Record<string, Code>

/** Logs at debug only: the reason may contain client input. */
const logRefusal = ({ log }: Pick<FactorContext, 'log'>, reason: string) => log.debug({ reason }, 'refused a passkey')
