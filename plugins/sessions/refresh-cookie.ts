import { type SetCookie, stringifySetCookie } from 'cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { cookieValue } from '../../src/http/cookie-value.ts'
import { isPlainLoopback } from '../../src/http/loopback.ts'

/** The refresh token of a request, and whether it came as a cookie, where its answer then goes too. */
export interface PresentedToken {
  text: string
  inCookie: boolean
}

/** Browser mode: the refresh token in a cookie that no script reads (RFC 6265bis). */
export interface RefreshCookie {
  /**
   * The refresh token of the body, or else that of the cookie.
   *
   * @throws Problem VALIDATION_FAILED where there is neither, and FORBIDDEN where the cookie came with the Origin of
   * another site's page, or with none
   */
  presented(request: FastifyRequest<{ Body: { refresh_token?: string } }>): PresentedToken
  /** @param maxAge the seconds for which the session lives, unless it is used before */
  set(reply: FastifyReply, token: string, maxAge: number): void
  clear(reply: FastifyReply): void
}

declare module 'fastify' {
  interface FastifyInstance {
    refreshCookie: RefreshCookie
  }
}

export default fp(
  async (fastify) => {
    const { config } = fastify
    const { PUBLIC_URL, CORS_ORIGINS } = config
    const origins = new Set([new URL(PUBLIC_URL).origin, ...CORS_ORIGINS])
    const secure = !isPlainLoopback(PUBLIC_URL)
    const name = secure ? '__Host-refresh_token' : 'refresh_token'
    const write = (reply: FastifyReply, value: string, maxAge: number) => {
      const cookie: SetCookie = { name, value, maxAge, path: '/', httpOnly: true, secure, sameSite: 'strict' }
      reply.header('set-cookie', stringifySetCookie(cookie))
    }

    fastify.decorate('refreshCookie', {
      presented({ body, headers }) {
        if (body.refresh_token !== undefined) return { text: body.refresh_token, inCookie: false }
        const isOurs = origins.has(String(headers.origin))
        const text = cookieValue(headers.cookie, name)
        if (!text) {
          throw new Problem('VALIDATION_FAILED', { errors: [{ path: '/refresh_token', message: 'is required' }] })
        }
        if (!isOurs) {
          throw new Problem('FORBIDDEN', { message: 'The cookie is not taken from this origin.' })
        }
        return { text, inCookie: true }
      },
      set: (reply, token, maxAge) => write(reply, token, maxAge),
      clear: (reply) => write(reply, '', 0)
    } satisfies RefreshCookie)
  },
  { name: 'refresh-cookie', dependencies: ['config'] }
)
