import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Admission } from '../../src/concurrency/semaphore.ts'
import { type Code, Problem } from '../../src/errors.ts'
import { isDeviceOf } from '../../src/limits/device-token.ts'
import { type OpenedSession, openSession } from '../../src/sessions/sessions.ts'
import { type Credentials, findCredentials, renewPasswordHash } from '../../src/users/credentials.ts'
import type { Names } from '../../src/users/names.ts'

/** What somebody types to sign in. */
export interface TypedCredentials {
  /** Exactly one name, without blanks at its ends. */
  typed: Names
  password: string
}

/** A session that has just been opened, and whose it is. */
export interface SignedIn {
  session: OpenedSession
  account: Credentials
}

/** Signing in, the same from a frontend and from our own pages. */
export interface SignIn {
  /**
   * Checks a name and a password, and opens a session. The work is the same whether the account exists
   * (OWASP ASVS 5.0 §6.3.8), and so is the refusal; the record has the reason.
   *
   * @param reply gets the cookie that makes the device known
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

/** The first step: an account whose password is right, and the place in the hash queue that its check has taken. */
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
      // Everything that depends on the request alone comes before the look-up: its cost must not tell whether the account exists.
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

    /** An account without an address has none to verify. */
    function requireVerifiedEmail(request: FastifyRequest, account: Credentials): void {
      if (config.REQUIRE_VERIFIED_EMAIL === 'off' || account.email === null || account.email_verified) return
      throw refuse(request, account, 'email not verified', 'EMAIL_UNVERIFIED')
    }

    /** Replaces a hash that was made at another cost or by another service. */
    async function renewHash(
      request: FastifyRequest,
      { account, admission }: Checked,
      password: string
    ): Promise<void> {
      const renewed = await passwords.renew(password, account.password_hash, admission)
      if (renewed) await renewPasswordHash(request.database, account, renewed)
    }

    /** The last step. */
    async function open(request: FastifyRequest, reply: FastifyReply, checked: Credentials): Promise<SignedIn> {
      const provenance = { userAgent: request.headers['user-agent'], ip: clientAddress(request.raw) }
      const session = await openSession(request.database, sessions.rules, checked, provenance)
      if (!session) throw refuse(request, checked, 'account changed meanwhile')
      const account = { ...checked, username: session.username }
      request.record('login', { account: account.id, session: session.refreshToken.session })
      // Once everything has succeeded: a refusal would carry the cookie too.
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

/** Records why, and gives the refusal, which does not say it. */
function refuse(
  request: FastifyRequest,
  account: Credentials | undefined,
  reason: string,
  code: Code = 'INVALID_CREDENTIALS'
): Problem {
  request.record('login failed', { account: account?.id, detail: { reason } })
  return new Problem(code)
}
