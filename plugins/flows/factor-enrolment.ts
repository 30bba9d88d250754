import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { displayName } from '../../src/admin/accounts.ts'
import type { Action, Detail } from '../../src/audit/actions.ts'
import { serviceOf } from '../../src/config/service.ts'
import { Problem } from '../../src/errors.ts'
import { base32 } from '../../src/factors/base32.ts'
import { readFactors, toMfa } from '../../src/factors/state.ts'
import { otpauthUri } from '../../src/factors/totp.ts'
import { PENDING_SECONDS } from '../../src/factors/totp-secrets.ts'
import {
  beginTotp,
  changeFactors,
  changeRequirement,
  type Enrolment,
  type FactorChange,
  finishTotp,
  type Requirement,
  removeTotp,
  renewRecoveryCodes
} from '../../src/flows/factor-enrolment.ts'
import type { Mfa, NewTotp, RecoveryCodes } from '../../src/schemas/mfa.ts'
import { findSessionUser } from '../../src/sessions/sessions.ts'

/**
 * Changes of the second factors of an account by its owner. The routes run `tokens.authenticateSession` first and,
 * except for `read`, `factors.requireFresh`.
 */
export interface FactorEnrolment {
  /**
   * Reads the factors of the account.
   *
   * @throws Problem TOKEN_INVALID if the account was deleted meanwhile
   */
  read(request: FastifyRequest): Promise<Mfa>
  /**
   * Sets whether the account requires a second step.
   *
   * @returns the factors, with recovery codes if a second step is required and none were left
   * @throws Problem FORBIDDEN if the account has no factor to require
   */
  require(request: FastifyRequest, required: boolean): Promise<Mfa>
  /** Creates a pending secret for an authenticator app. */
  beginTotp(request: FastifyRequest): Promise<NewTotp>
  /**
   * Confirms the pending secret with its first code.
   *
   * @returns new recovery codes
   * @throws Problem MFA_CODE_INVALID if the code is wrong or no secret is pending
   */
  confirmTotp(request: FastifyRequest, code: string): Promise<RecoveryCodes>
  /**
   * Removes the authenticator app.
   *
   * @throws Problem NOT_FOUND if there is none
   */
  removeTotp(request: FastifyRequest): Promise<void>
  /**
   * Replaces the recovery codes.
   *
   * @throws Problem FORBIDDEN if the account has no factor
   */
  renewRecoveryCodes(request: FastifyRequest): Promise<RecoveryCodes>
  /**
   * Runs work that changes the factors of the account, in a transaction that locks the account. If a second step has
   * become required since the session was checked, the session and its freshness are checked again.
   *
   * @throws Problem TOKEN_INVALID if the session is no longer active; STEP_UP_REQUIRED
   */
  change<Result>(request: FastifyRequest, work: (change: FactorChange) => Promise<Result>): Promise<Result>
}

declare module 'fastify' {
  interface FastifyInstance {
    factorEnrolment: FactorEnrolment
  }
}

export default fp(
  async (fastify) => {
    const { ceremonies, config, factors, mail, sessions } = fastify
    const issuer = serviceOf(config).name
    const enrolment: Enrolment = {
      lifetimes: sessions.rules,
      mail: mail.available,
      rpId: ceremonies?.party.id,
      keys: { totp: fastify.deriveKey('totp secrets'), recovery: fastify.deriveKey('recovery codes') }
    }

    async function change<Result>(
      request: FastifyRequest,
      work: (change: FactorChange) => Promise<Result>
    ): Promise<Result> {
      const { account, database, user: session } = request
      const changed = await changeFactors(database, sessions.rules, { session, required: account.mfaRequired }, work)
      if (changed) return changed.result
      const current = await findSessionUser(database, sessions.rules, session)
      if (!current) throw new Problem('TOKEN_INVALID')
      request.account = current
      await factors.requireFresh(request)
      return change(request, work)
    }

    function record(request: FastifyRequest, action: Action, detail?: Detail): void {
      const { sub: account, sid: session } = request.user
      request.record(action, { account, session, ...(detail && { detail }) })
    }

    function recordRequirement(request: FastifyRequest, { becameRequired, ended }: Requirement): void {
      if (becameRequired) record(request, 'second step required', { count: ended })
    }

    fastify.decorate('factorEnrolment', {
      change,

      async read({ database, user }) {
        const factors = await readFactors(database, user.sub)
        if (!factors) throw new Problem('TOKEN_INVALID')
        return toMfa(factors)
      },

      async require(request, required) {
        const changed = await change(request, (each) => changeRequirement(enrolment, each, required))
        mail.wake()
        recordRequirement(request, changed)
        if (changed.dropped) record(request, 'second step not required')
        if (changed.codes) record(request, 'recovery codes made')
        return { ...toMfa(changed.factors), ...(changed.codes && { codes: changed.codes }) }
      },

      async beginTotp(request) {
        const secret = base32(await change(request, (each) => beginTotp(enrolment, each)))
        const uri = otpauthUri(secret, { issuer, account: displayName(request.account) })
        return { secret, uri, expires_in: PENDING_SECONDS }
      },

      async confirmTotp(request, code) {
        const confirmed = await change(request, (each) => finishTotp(enrolment, each, code))
        mail.wake()
        record(request, 'totp added')
        recordRequirement(request, confirmed)
        record(request, 'recovery codes made')
        return { codes: confirmed.codes }
      },

      async removeTotp(request) {
        const dropped = await change(request, (each) => removeTotp(enrolment, each))
        mail.wake()
        record(request, 'totp removed')
        if (dropped) record(request, 'second step not required')
      },

      async renewRecoveryCodes(request) {
        const codes = await change(request, (each) => renewRecoveryCodes(enrolment, each))
        record(request, 'recovery codes made')
        return { codes }
      }
    } satisfies FactorEnrolment)
  },
  {
    name: 'factor-enrolment',
    dependencies: ['audit', 'ceremonies', 'config', 'database', 'derive-key', 'factors', 'mail', 'sessions']
  }
)
