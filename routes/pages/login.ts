import type { FastifyPluginAsync } from 'fastify'
import { Problem } from '../../src/errors.ts'
import { SignInForm } from '../../src/schemas/pages.ts'

/** Signing in with a password, or with a passkey that the browser offers. */
const login: FastifyPluginAsync = async (fastify) => {
  const { federationCookies, limits, pageSessions, pages, passwords } = fastify
  const { returnTo } = pages
  if (!pages.hosted) return

  pages.add(fastify, {
    path: '/login',
    body: SignInForm,
    before: returnTo.check,
    preHandler: [limits.byAddress('login'), passwords.admit],

    async show(visit) {
      const { request, page } = visit
      // An identity that waits for its account is linked by a sign-in, not by a session.
      const isAsked = federationCookies.pendingOf(request)?.account !== undefined
      const isSignedIn = !isAsked && (await pageSessions.find(request))
      // A frontend and the console get tokens by the cookie of the refresh token. Without it they would send the user
      // here again.
      const suffices = isSignedIn && (!returnTo.needsRefreshToken(request) || pageSessions.hasRefreshToken(request))
      return suffices ? returnTo.goOn(request, page) : pages.signIn.first(visit)
    },

    async act(visit, { name, password }) {
      const { request, reply, page } = visit
      const typed = name.includes('@') ? { email: name } : { username: name }
      try {
        await pageSessions.open(request, reply, (pageSecret) =>
          fastify.signIn.withPassword(request, reply, { typed, password, inCookie: true, pageSecret })
        )
      } catch (error) {
        if (!(error instanceof Problem) || !error.challenge) throw error
        return pages.signIn.second(visit, error.challenge)
      }
      return returnTo.goOn(request, page)
    },

    refuse: (visit, problem) => pages.signIn.first(visit, problem)
  })
}

export default login
