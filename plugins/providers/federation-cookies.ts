import { stringifySetCookie } from 'cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { cookieValue } from '../../src/http/cookie-value.ts'
import { isPlainLoopback } from '../../src/http/loopback.ts'
import { RETURN_TO } from '../../src/http/return-to.ts'
import { type Attempt, attemptName, listAttempts, PENDING, type Pending } from '../../src/providers/attempt.ts'
import { createSealer, SEALED_SECONDS } from '../../src/providers/sealed.ts'

/** The sealed state of sign-ins at providers. The browser keeps it, so that any instance can continue. */
export interface FederationCookies {
  /**
   * Keeps an attempt. The newest other one stays, for a second tab; older ones are removed.
   *
   * @throws Problem VALIDATION_FAILED if `return_to` does not fit
   */
  keep(request: FastifyRequest, reply: FastifyReply, attempt: Attempt): void
  /** Takes the attempt of an answer, and removes it from the browser. */
  take(request: FastifyRequest, reply: FastifyReply, state: string | null): Attempt | 'expired' | undefined
  keepPending(reply: FastifyReply, pending: Pending): void
  /** The pending identity of a request; undefined if there is none or it has expired. */
  pendingOf(request: FastifyRequest): Pending | undefined
  /** Removes the pending identity from the browser, if it has one. */
  forgetPending(request: FastifyRequest, reply: FastifyReply): void
}

declare module 'fastify' {
  interface FastifyInstance {
    federationCookies: FederationCookies
  }
}

/** A cookie has at most 4,096 bytes, its name included (RFC 6265bis §5.6). */
const MAX_LENGTH = 4000

export default fp(
  async (fastify) => {
    const { clock, config } = fastify
    const secure = !isPlainLoopback(config.PUBLIC_URL)
    const prefix = secure ? '__Host-' : ''
    const sealer = createSealer(fastify.deriveKey('federation'), clock.now)

    /** Lax: the answer of a provider comes from its site. */
    function setCookie(reply: FastifyReply, name: string, value: string, maxAge = SEALED_SECONDS): void {
      const cookie = {
        name: `${prefix}${name}`,
        value,
        maxAge,
        path: '/',
        httpOnly: true,
        secure,
        sameSite: 'lax'
      } as const
      reply.header('set-cookie', stringifySetCookie(cookie))
    }

    const remove = (reply: FastifyReply, name: string) => setCookie(reply, name, '', 0)

    /** When an attempt began: one that is not ours or has expired counts as the oldest. */
    function beginningOf([name, value]: [string, string]): number {
      const attempt = sealer.open<Attempt>(name, value)
      return typeof attempt === 'object' ? attempt.sealedAt : 0
    }

    fastify.decorate('federationCookies', {
      keep({ headers }, reply, attempt) {
        const name = String(attemptName(attempt.state))
        const value = sealer.seal(name, attempt)
        if (value.length > MAX_LENGTH) {
          throw new Problem('VALIDATION_FAILED', { errors: [{ path: RETURN_TO, message: 'is too long' }] })
        }
        const others = listAttempts(headers.cookie, prefix).sort((one, other) => beginningOf(other) - beginningOf(one))
        for (const [other] of others.slice(1)) remove(reply, other)
        setCookie(reply, name, value)
      },

      take({ headers }, reply, state) {
        const name = attemptName(state)
        const value = name && cookieValue(headers.cookie, `${prefix}${name}`)
        if (!value) return undefined
        remove(reply, name)
        const attempt = sealer.open<Attempt>(name, value)
        // The name has only the beginning of the state.
        return typeof attempt === 'object' && attempt.state !== state ? undefined : attempt
      },

      keepPending(reply, pending) {
        const value = sealer.seal(PENDING, pending)
        // An identity may be much longer than the secrets of its attempt: `return_to` is dropped if the cookie is too long.
        const isTooLong = value.length > MAX_LENGTH
        setCookie(reply, PENDING, isTooLong ? sealer.seal(PENDING, { ...pending, returnTo: undefined }) : value)
      },

      pendingOf({ headers }) {
        const value = cookieValue(headers.cookie, `${prefix}${PENDING}`)
        const pending = value ? sealer.open<Pending>(PENDING, value) : undefined
        return typeof pending === 'object' ? pending : undefined
      },

      forgetPending({ headers }, reply) {
        if (cookieValue(headers.cookie, `${prefix}${PENDING}`) !== undefined) remove(reply, PENDING)
      }
    } satisfies FederationCookies)
  },
  { name: 'federation-cookies', dependencies: ['clock', 'config', 'derive-key'] }
)
