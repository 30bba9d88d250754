import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Admission } from '../../src/concurrency/semaphore.ts'
import { type Code, Problem } from '../../src/errors.ts'
import { isDeviceOf } from '../../src/limits/device-token.ts'
import { type OpenedSession, openSession } from '../../src/sessions/sessions.ts'
import { type Credentials, findCredentials, renewPasswordHash } from '../../src/users/credentials.ts'
import type { Names } from '../../src/users/names.ts'

/** The credentials as they were typed. */
export interface TypedCredentials {
  /** Exactly one name, trimmed. */
  typed: Names
  password: string
}

/** A new session and its account. */
export interface SignedIn {
  session: OpenedSession
  account: Credentials
}

/** The sign-in flow. */
export interface SignIn {
  /**
   * Verifies a name and a password, and opens a session. The work and the refusal are the same whether or not the account
   * exists (OWASP ASVS 5.0 §6.3.8); the audit log has the reason.
   *
   * @param reply gets the device cookie
   * @throws Problem INVALID_CREDENTIALS for an unknown name, a wrong password and a disabled account; EMAIL_UNVERIFIED;
   * TOO_MANY_REQUESTS; OVERLOADED
   */
  withPassword(request: FastifyRequest, reply: FastifyReply, credentials: TypedCredentials): Promise<SignedIn>
}

declare module 'fastify' {
  interface FastifyInstance {
    signIn: SignIn
  }
}

/** The result of the first step: an account whose password is right, and the places in the hash queue. */
interface Checked {
  account: Credentials
  admission: Admission
}

export default fp(
  async (fastify) => {
    const { clientAddress, config, database, limits, passwords, sessions } = fastify

    async function checkPassword(
      request: FastifyRequest,
      reply: FastifyReply,
      { typed, password }: TypedCredentials
    ): Promise<Checked> {
      // Work that depends only on the request precedes the look-up: its cost does not reveal whether the account exists.
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

    /** Refuses an account whose address is not verified. One without an address has none to verify. */
    function requireVerifiedEmail(request: FastifyRequest, account: Credentials): void {
      if (config.REQUIRE_VERIFIED_EMAIL === 'off' || account.email === null || account.email_verified) return
      throw refuse(request, account, 'email not verified', 'EMAIL_UNVERIFIED')
    }

    /** Replaces a hash of another cost or from another service. */
    async function renewHash(
      request: FastifyRequest,
      { account, admission }: Checked,
      password: string
    ): Promise<void> {
      const renewed = await passwords.renew(password, account.password_hash, admission)
      if (renewed) await renewPasswordHash(request.database, account, renewed)
    }

    /** The last step: opens the session. */
    async function open(request: FastifyRequest, reply: FastifyReply, checked: Credentials): Promise<SignedIn> {
      const provenance = { userAgent: request.headers['user-agent'], ip: clientAddress(request.raw) }
      const session = await openSession(request.database, sessions.rules, checked, provenance)
      if (!session) throw refuse(request, checked, 'account changed meanwhile')
      const account = { ...checked, username: session.username }
      request.record('login', { account: account.id, session: session.refreshToken.session })
      // Last: a refusal would also carry the cookie.
      await limits.rememberDevice(reply, account)
      return { session, account }
    }

    fastify.decorate('signIn', {
      async withPassword(request, reply, credentials) {
        const checked = await checkPassword(request, reply, credentials)
        requireVerifiedEmail(request, checked.account)
        await renewHash(request, checked, credentials.password)
        return open(request, reply, checked.account)
      }
    } satisfies SignIn)
  },
  {
    name: 'sign-in',
    dependencies: ['audit', 'client-address', 'config', 'database', 'limits', 'passwords', 'sessions']
  }
)

/** Records the reason and returns the refusal, which does not contain it. */
function refuse(
  request: FastifyRequest,
  account: Credentials | undefined,
  reason: string,
  code: Code = 'INVALID_CREDENTIALS'
): Problem {
  request.record('login failed', { account: account?.id, detail: { reason } })
  return new Problem(code)
}
