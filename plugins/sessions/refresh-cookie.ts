import { type SetCookie, stringifySetCookie } from 'cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../../src/config/config.ts'
import { Problem } from '../../src/errors.ts'
import { cookieValue } from '../../src/http/cookie-value.ts'
import { isPlainLoopback } from '../../src/http/loopback.ts'

/** The refresh token of a request. If it came in a cookie, so does its successor. */
export interface PresentedToken {
  text: string
  inCookie: boolean
}

/** Browser mode: the refresh token in a cookie that no script can read (RFC 6265bis). */
export interface RefreshCookie {
  /**
   * Reads the refresh token of a request, from the body or else from the cookie.
   *
   * @throws Problem VALIDATION_FAILED if there is neither, and FORBIDDEN if the cookie came with the Origin of another
   * site or with none
   */
  presented(request: FastifyRequest<{ Body: { refresh_token?: string } }>): PresentedToken
  /** The refresh token that a request has in its cookie, wherever it came from. */
  cookieOf(request: FastifyRequest): string | undefined
  /** @param maxAge the seconds for which the session lives unless it is used again */
  setCookie(reply: FastifyReply, token: string, maxAge: number): void
  clearCookie(reply: FastifyReply): void
}

export function createRefreshCookie({
  PUBLIC_URL,
  CORS_ORIGINS
}: Pick<Config, 'PUBLIC_URL' | 'CORS_ORIGINS'>): RefreshCookie {
  const origins = new Set([new URL(PUBLIC_URL).origin, ...CORS_ORIGINS])
  const secure = !isPlainLoopback(PUBLIC_URL)
  const name = secure ? '__Host-refresh_token' : 'refresh_token'
  const write = (reply: FastifyReply, value: string, maxAge: number) => {
    const cookie: SetCookie = { name, value, maxAge, path: '/', httpOnly: true, secure, sameSite: 'strict' }
    reply.header('set-cookie', stringifySetCookie(cookie))
  }

  const cookieOf = ({ headers }: FastifyRequest) => cookieValue(headers.cookie, name)

  return {
    cookieOf,
    presented(request) {
      const { body, headers } = request
      if (body.refresh_token !== undefined) return { text: body.refresh_token, inCookie: false }
      const isOurs = origins.has(String(headers.origin))
      const text = cookieOf(request)
      if (!text) {
        throw new Problem('VALIDATION_FAILED', { errors: [{ path: '/refresh_token', message: 'is required' }] })
      }
      if (!isOurs) {
        throw new Problem('FORBIDDEN', { message: 'The cookie is not accepted from this origin.' })
      }
      return { text, inCookie: true }
    },
    setCookie: write,
    clearCookie: (reply) => write(reply, '', 0)
  }
}
