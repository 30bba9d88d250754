import type { Static } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Detail } from '../../src/audit/actions.ts'
import type { Admission } from '../../src/concurrency/semaphore.ts'
import type { Database } from '../../src/database/database.ts'
import { type Code, Problem } from '../../src/errors.ts'
import type { Checked } from '../../src/factors/factor.ts'
import { beginLoginStep, refundLoginStep, tryLoginStep, useLoginStep } from '../../src/factors/login-steps.ts'
import { isDeviceOf } from '../../src/limits/device-token.ts'
import type { SecondStep } from '../../src/schemas/factors.ts'
import type { Names } from '../../src/schemas/users.ts'
import { addProof, type Method } from '../../src/sessions/assurance.ts'
import { type OpenedSession, openSession } from '../../src/sessions/sessions.ts'
import {
  type Credentials,
  findCredentials,
  lockOwnCredentials,
  renewPasswordHash
} from '../../src/users/credentials.ts'
import { settle } from '../factors/settle.ts'
import { changedMeanwhile, refuse, refuseStep } from './sign-in-refusals.ts'

/** The credentials as they were typed. */
export interface TypedCredentials {
  /** Exactly one name, trimmed. */
  typed: Names
  password: string
  /** Whether the client wants the refresh token in a cookie. */
  inCookie: boolean
  /** The secret for the cookie of the pages, if the session is opened there. */
  pageSecret?: Buffer
}

/** A new session and its account. */
export interface SignedIn {
  session: OpenedSession
  account: Pick<Credentials, 'id' | 'username'> & { roles: string[] }
  /** Whether the client wants the refresh token in a cookie. */
  inCookie: boolean
}

/** A verified answer of a passkey, and the account of the passkey. */
export interface IdentifiedPasskey {
  user: string
  checked: Checked
  /** Whether the client wants the refresh token in a cookie. */
  inCookie: boolean
  /** The secret for the cookie of the pages, if the session is opened there. */
  pageSecret?: Buffer
}

/** An account whose owner has signed in at a provider. */
export interface IdentifiedAccount {
  account: Credentials
  /** The id of the provider. */
  provider: string
  /** When the provider asked the user for a proof, in seconds since the epoch; undefined if it does not say. */
  authTime: number | undefined
  /** The secret for the cookie of the pages. */
  pageSecret: Buffer
}

/** The sign-in flow. */
export interface SignIn {
  /**
   * Verifies a name and a password, and opens a session. The work and the refusal are the same whether or not the
   * account exists (OWASP ASVS 5.0 §6.3.8); the audit log has the reason.
   *
   * @param reply gets the device cookie
   * @throws Problem INVALID_CREDENTIALS for an unknown name, a wrong password and a disabled account; EMAIL_UNVERIFIED;
   * MFA_REQUIRED with the challenge of a second step; TOO_MANY_REQUESTS; OVERLOADED
   */
  withPassword(request: FastifyRequest, reply: FastifyReply, credentials: TypedCredentials): Promise<SignedIn>
  /**
   * Takes the second step of a sign-in, and opens a session.
   *
   * @param pageSecret for the cookie of the pages, if the session is opened there
   * @throws Problem MFA_TOKEN_INVALID, MFA_CODE_INVALID, TOO_MANY_REQUESTS
   */
  withSecondStep(
    request: FastifyRequest,
    reply: FastifyReply,
    step: Static<typeof SecondStep>,
    pageSecret?: Buffer
  ): Promise<SignedIn>
  /**
   * Opens a session for the owner of a passkey.
   *
   * @throws Problem PASSKEY_INVALID if it cannot be used or the account is disabled; EMAIL_UNVERIFIED
   */
  withPasskey(request: FastifyRequest, reply: FastifyReply, passkey: IdentifiedPasskey): Promise<SignedIn>
  /**
   * Opens a session for the owner of an account at a provider, with the refresh token in a cookie.
   *
   * @throws Problem INVALID_CREDENTIALS for a disabled account; EMAIL_UNVERIFIED; MFA_REQUIRED with the challenge of a
   * second step
   */
  withIdentity(request: FastifyRequest, reply: FastifyReply, identified: IdentifiedAccount): Promise<SignedIn>
}

declare module 'fastify' {
  interface FastifyInstance {
    signIn: SignIn
  }
}

/** The result of the first step: the account of a correct password, and the places in the hash queue. */
interface CheckedPassword {
  account: Credentials
  admission: Admission
}

/** The account that a session is opened for. */
type Owner = Pick<Credentials, 'id' | 'username' | 'password_version' | 'device_version'>

/** Statuses after which an attempt at the second step is refunded: nothing was checked, or the outcome is unknown. */
const UNDECIDED = [429, 503]

export default fp(
  async (fastify) => {
    const { clientAddress, config, database, factors, limits, passwords, sessions } = fastify

    async function checkPassword(
      request: FastifyRequest,
      reply: FastifyReply,
      { typed, password }: TypedCredentials
    ): Promise<CheckedPassword> {
      // Work that depends only on the request precedes the look-up: its cost does not reveal whether the account
      // exists.
      const device = limits.deviceOf(request)
      const account = await findCredentials(database.forGuess(request), typed)
      // A known device and strangers do not compete for places in the queue.
      const admission = passwords.admission(reply, isDeviceOf(device, account) ? { owner: device.id } : { typed })
      return limits.guessing(request, { attempt: 'login', typed, account }, async () => {
        const matches = await passwords.verify(password, account?.password_hash, admission)
        if (!account) throw refuse(request, undefined, 'unknown account')
        if (!matches) throw refuse(request, account, 'wrong password')
        if (account.disabled) throw refuse(request, account, 'account disabled')
        return { account, admission }
      })
    }

    /** Whether an account cannot sign in because its address is not verified. */
    const isUnverified = ({ email, email_verified }: Pick<Credentials, 'email' | 'email_verified'>) =>
      config.REQUIRE_VERIFIED_EMAIL !== 'off' && email !== null && !email_verified

    /** Replaces the hash of a verified password if it has another cost, or is from another service. */
    async function renewHash(
      request: FastifyRequest,
      { account, admission }: CheckedPassword,
      password: string
    ): Promise<void> {
      const renewed = await passwords.renew(password, account.password_hash as string, admission)
      if (renewed) await renewPasswordHash(request.database, account, renewed)
    }

    /** Begins the second step, and returns the refusal that asks for it. */
    async function requireSecondStep(
      request: FastifyRequest,
      account: Credentials,
      first: { inCookie: boolean; amr: Method[]; provider?: string }
    ): Promise<Problem> {
      const begun = await beginLoginStep(request.database, { ...account, ...first })
      if (!begun) return changedMeanwhile(request, account, first.amr)
      const challenge = await factors.challengeFor(request, account, { for: 'second step', step: begun.hash })
      const { provider } = first
      request.record('second step asked', {
        account: account.id,
        ...(provider !== undefined && { detail: { provider } })
      })
      return new Problem('MFA_REQUIRED', { challenge: { ...challenge, mfa_token: begun.token } })
    }

    /** Opens the session, after the last step. */
    async function open(
      transaction: Database,
      request: FastifyRequest,
      account: Owner,
      { amr, pageSecret, authTime }: { amr: Method[]; pageSecret: Buffer | undefined; authTime?: number | undefined }
    ): Promise<OpenedSession> {
      const provenance = { userAgent: request.headers['user-agent'], ip: clientAddress(request.raw), pageSecret }
      const session = await openSession(transaction, sessions.rules, account, provenance, amr, authTime)
      if (!session) throw changedMeanwhile(request, account, amr)
      return session
    }

    /** Records the sign-in and sets the device cookie, once the session is stored. */
    async function finish(
      reply: FastifyReply,
      {
        session,
        account,
        detail,
        inCookie
      }: { session: OpenedSession; account: Owner; detail: Detail; inCookie: boolean }
    ): Promise<SignedIn> {
      const { id } = account
      const action = session.amr.includes('fed') ? 'federated login' : 'login'
      reply.request.record(action, { account: id, session: session.refreshToken.session, detail })
      // Last, since an error response would also set the cookie.
      await limits.rememberDevice(reply, account)
      return { session, account: { id, username: session.username, roles: session.roles }, inCookie }
    }

    fastify.decorate('signIn', {
      async withPassword(request, reply, credentials) {
        const checked = await checkPassword(request, reply, credentials)
        const { account } = checked
        if (isUnverified(account)) throw refuse(request, account, 'email not verified', 'EMAIL_UNVERIFIED')
        await renewHash(request, checked, credentials.password)
        const { inCookie, pageSecret } = credentials
        const amr = addProof([], 'password')
        if (account.mfa_required) throw await requireSecondStep(request, account, { inCookie, amr })
        const session = await open(request.database, request, account, { amr, pageSecret })
        return finish(reply, { session, account, detail: { method: 'password' }, inCookie })
      },

      async withSecondStep(request, reply, { mfa_token, credential, ...codes }, pageSecret) {
        const step = await tryLoginStep(request.database, mfa_token)
        if (!step) throw refuseStep(request, undefined)
        const { hash, account, inCookie, amr } = step
        const answers = { ...codes, passkey: credential }
        const attempt = { account, answers, purpose: { for: 'second step', step: hash } } as const
        const done = factors.check(request, attempt, (use) =>
          request.database.transact(async (transaction) => {
            if (!(await useLoginStep(transaction, step))) throw refuseStep(request, account)
            const method = await use(transaction)
            const proven = { amr: addProof(amr, method), pageSecret }
            return { session: await open(transaction, request, account, proven), method }
          })
        )
        const { session, method } = await done.catch(async (error) => {
          if (UNDECIDED.includes(error.statusCode)) {
            await limits.undo(request, (database) => refundLoginStep(database, step))
          }
          throw error
        })
        return finish(reply, { session, account, detail: { method }, inCookie })
      },

      async withPasskey(request, reply, { user, checked, inCookie, pageSecret }) {
        const refusePasskey = (reason: string, code: Code = 'PASSKEY_INVALID') => {
          request.record('passkey login failed', { account: user, detail: { reason, method: checked.proof } })
          return new Problem(code)
        }
        let isRefused = false
        const opened = request.database.transact(async (transaction) => {
          const account = await lockOwnCredentials(transaction, user)
          if (!account) throw refusePasskey('account deleted')
          if (account.disabled) throw refusePasskey('account disabled')
          if (isUnverified(account)) throw refusePasskey('email not verified', 'EMAIL_UNVERIFIED')
          isRefused = !(await checked.use(transaction))
          if (isRefused) throw refusePasskey('not usable')
          const amr = addProof([], checked.proof)
          return { session: await open(transaction, request, account, { amr, pageSecret }), account }
        })
        const { session, account } = await opened.catch(async (error) => {
          if (isRefused) await settle(request, checked.refused?.())
          throw error
        })
        checked.used?.()
        await limits.resetGuesses(request, account)
        return finish(reply, { session, account, detail: { method: checked.proof }, inCookie })
      },

      async withIdentity(request, reply, { account, provider, authTime, pageSecret }) {
        const refuseIdentity = (reason: string, code: Code = 'INVALID_CREDENTIALS') => {
          request.record('federated login failed', { account: account.id, detail: { reason, provider } })
          return new Problem(code)
        }
        if (account.disabled) throw refuseIdentity('account disabled')
        if (isUnverified(account)) throw refuseIdentity('email not verified', 'EMAIL_UNVERIFIED')
        const amr = addProof([], 'provider')
        if (account.mfa_required) throw await requireSecondStep(request, account, { inCookie: true, amr, provider })
        const session = await open(request.database, request, account, { amr, pageSecret, authTime })
        return finish(reply, { session, account, detail: { provider }, inCookie: true })
      }
    } satisfies SignIn)
  },
  {
    name: 'sign-in',
    dependencies: ['audit', 'client-address', 'config', 'database', 'factors', 'limits', 'passwords', 'sessions']
  }
)
