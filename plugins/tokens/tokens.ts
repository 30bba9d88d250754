import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { Problem } from '../../src/errors.ts'
import type { Tokens as TokensBody } from '../../src/schemas/sessions.ts'
import type { Authentication } from '../../src/sessions/assurance.ts'
import { writeRefreshToken } from '../../src/sessions/refresh-token.ts'
import { findSessionUser, type LiveSession, type SessionUser } from '../../src/sessions/sessions.ts'
import { type AccessTokens, createAccessTokens, type TokenUser } from '../../src/tokens/access-tokens.ts'
import { bearerToken } from '../../src/tokens/bearer.ts'
import { createIntrospection, type Introspect } from '../../src/tokens/introspection.ts'
import { decorateRequest } from '../http/own-property.ts'

/** Access tokens, and what they authorise. */
export interface Tokens extends AccessTokens {
  /** An onRequest hook: requires a valid access token and sets `request.user` to its claims. */
  authenticate(request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void
  /**
   * An onRequest hook: requires a valid access token whose session is alive, and sets `request.user` to its claims and
   * `request.account` to the user.
   */
  authenticateSession(request: FastifyRequest): Promise<void>
  /**
   * The answer of `/login` and `/token/refresh`: the refresh token of a session and a new access token. In browser mode
   * it sets the refresh token as a cookie and leaves it out.
   */
  answer(reply: FastifyReply, session: LiveSession, user: TokenUser, inCookie: boolean): TokensBody
  /** The answer of `/token/step-up`: a new access token; the refresh token stays. */
  answerWithoutRefresh(user: TokenUser, session: string, authentication: Authentication): TokensBody
  introspect: Introspect
}

declare module 'fastify' {
  interface FastifyInstance {
    tokens: Tokens
  }
  interface FastifyRequest {
    /** The user of the session, behind `tokens.authenticateSession`. */
    account: SessionUser
  }
}

export default fp<AppOptions>(
  async (fastify, { insideAnother }) => {
    const { clock, config, jwt, keys, sessions } = fastify
    const { PUBLIC_URL: issuer, AUDIENCE: audience, ACCESS_TOKEN_TTL: lifetime } = config
    const verifySignature = (token: string) => jwt.verify(token) as never
    const { issue, verify } = createAccessTokens({ clock, keys, issuer, audience, lifetime, verifySignature })

    decorateRequest(fastify, { insideAnother }, 'user', { value: undefined })
    decorateRequest(fastify, { insideAnother }, 'account', { value: undefined })
    fastify.decorate('tokens', {
      issue,
      verify,
      introspect: createIntrospection({ verify, rules: sessions.rules, issuer, audience }),

      // With a callback rather than a promise: `verify` is synchronous for a token that was seen before.
      authenticate(request, _reply, done) {
        const claims = verify(bearerToken(request.headers.authorization))
        if (!(claims instanceof Promise)) {
          request.user = claims
          done()
          return
        }
        claims.then((verified) => {
          request.user = verified
          done()
        }, done)
      },

      async authenticateSession(request) {
        const claims = await verify(bearerToken(request.headers.authorization))
        const account = await findSessionUser(request.database, sessions.rules, claims)
        if (!account) throw new Problem('TOKEN_INVALID')
        request.user = claims
        request.account = account
      },

      answerWithoutRefresh: (user, session, authentication) => ({
        access_token: issue(user, session, authentication),
        token_type: 'Bearer',
        expires_in: lifetime
      }),

      answer(reply, session, user, inCookie) {
        const { refreshToken, lastUsedAt, expiresAt } = session
        const answer = this.answerWithoutRefresh(user, refreshToken.session, session)
        const text = writeRefreshToken(refreshToken)
        if (!inCookie) return { ...answer, refresh_token: text }
        sessions.setCookie(reply, text, Math.ceil((expiresAt.getTime() - lastUsedAt.getTime()) / 1000))
        return answer
      }
    } satisfies Tokens)
  },
  { name: 'tokens', dependencies: ['clock', 'config', 'database', 'jwt', 'keys', 'sessions'] }
)
