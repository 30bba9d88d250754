import { stringifySetCookie } from 'cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { cookieValue } from '../../src/http/cookie-value.ts'
import { isPlainLoopback } from '../../src/http/loopback.ts'
import { judgeFreshness } from '../../src/sessions/assurance.ts'
import {
  createPageSecret,
  endPageSession,
  readPageToken,
  usePageToken,
  writePageToken
} from '../../src/sessions/page-session.ts'
import { readRefreshToken, writeRefreshToken } from '../../src/sessions/refresh-token.ts'
import { authenticationClaims } from '../../src/tokens/claims.ts'
import type { SignedIn } from '../flows/sign-in.ts'

/** The browser session of the pages: one with that of the API, by a cookie of its own (RFC 6265bis). */
export interface PageSessions {
  /**
   * Opens a session by a sign-in, sets its cookies, and ends the sessions of the cookies that these replace. Links the
   * identity that waits for a sign-in to this account.
   *
   * @param signIn opens the session with the secret for the cookie of the pages
   */
  open(request: FastifyRequest, reply: FastifyReply, signIn: (pageSecret: Buffer) => Promise<SignedIn>): Promise<void>
  /**
   * Finds the session of a request. Sets `request.user` and `request.account`, as access tokens do.
   *
   * @returns whether there is one
   */
  find(request: FastifyRequest): Promise<boolean>
  /** Whether the user of the session of the request was authenticated a short time ago, as its row says. */
  isFresh(request: FastifyRequest): boolean
  /** Whether the browser also has the refresh token of the session, which a frontend needs. */
  hasRefreshToken(request: FastifyRequest): boolean
  /**
   * Ends the session of the pages and removes its cookie, in a browser that has one and signs out at the API. It may be
   * another session than that of the refresh token.
   */
  forget(request: FastifyRequest, reply: FastifyReply): Promise<void>
  /** Removes the cookies of a session that has ended. */
  clear(reply: FastifyReply): void
  /** Ends the sessions of both cookies of a request and removes the cookies. */
  end(request: FastifyRequest, reply: FastifyReply): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    pageSessions: PageSessions
  }
}

export default fp(
  async (fastify) => {
    const { clock, config, federationCookies, identities, sessions } = fastify
    const secure = !isPlainLoopback(config.PUBLIC_URL)
    const name = secure ? '__Host-latchkey_session' : 'latchkey_session'

    /** Lax: with Strict, a user who follows a link in a mail would look signed out. Forms are checked by their origin. */
    function setCookie(reply: FastifyReply, value: string, maxAge: number): void {
      const cookie = { name, value, maxAge, path: '/', httpOnly: true, secure, sameSite: 'lax' } as const
      reply.header('set-cookie', stringifySetCookie(cookie))
    }

    const tokenOf = ({ headers }: FastifyRequest) => readPageToken(cookieValue(headers.cookie, name) ?? '')

    async function endOf(request: FastifyRequest): Promise<void> {
      const token = tokenOf(request)
      const account = token && (await endPageSession(request.database, sessions.rules, token))
      if (account) request.record('logged out', { account, session: token.session })
    }

    /** Ends the sessions of both cookies. They may be two: of the pages, and of a frontend that signed in later. */
    async function endBoth(request: FastifyRequest): Promise<void> {
      await endOf(request)
      const refreshToken = sessions.cookieOf(request)
      if (refreshToken !== undefined) await sessions.end(request, refreshToken)
    }

    function clear(reply: FastifyReply): void {
      setCookie(reply, '', 0)
      sessions.clearCookie(reply)
    }

    fastify.decorate('pageSessions', {
      clear,

      async forget(request, reply) {
        await endOf(request)
        federationCookies.forgetPending(request, reply)
        if (cookieValue(request.headers.cookie, name) !== undefined) setCookie(reply, '', 0)
      },

      async open(request, reply, signIn) {
        const secret = createPageSecret()
        const { session, account } = await signIn(secret)
        const { refreshToken, lastUsedAt, expiresAt } = session
        // The sign-in is stored: a database that fails now must not turn it into a refusal.
        await endBoth(request).catch((err) => request.log.warn({ err }, 'could not end the session before a sign-in'))
        setCookie(reply, writePageToken({ session: refreshToken.session, secret }), sessions.rules.REFRESH_MAX_TTL)
        const seconds = Math.ceil((expiresAt.getTime() - lastUsedAt.getTime()) / 1000)
        sessions.setCookie(reply, writeRefreshToken(refreshToken), seconds)
        await identities
          .linkPending(request, reply, account.id)
          .catch((err) => request.log.warn({ err }, 'could not link an identity after a sign-in'))
      },

      async find(request) {
        const token = tokenOf(request)
        const session = token && (await usePageToken(request.database, sessions.rules, token))
        if (!session) return false
        request.user = { sub: session.user.id, sid: token.session, ...authenticationClaims(session) }
        request.account = session.user
        return true
      },

      isFresh({ account, user }) {
        const rules = { maxAge: config.STEP_UP_MAX_AGE, secondStep: account.mfaRequired, now: clock.now() }
        return judgeFreshness(user, rules) === 'fresh'
      },

      hasRefreshToken: (request) =>
        readRefreshToken(sessions.cookieOf(request) ?? '')?.session === tokenOf(request)?.session,

      async end(request, reply) {
        await endBoth(request)
        clear(reply)
        federationCookies.forgetPending(request, reply)
      }
    } satisfies PageSessions)
  },
  {
    name: 'page-sessions',
    dependencies: ['audit', 'clock', 'config', 'database', 'federation-cookies', 'identities', 'sessions']
  }
)
