import type { FastifyPluginAsync } from 'fastify'
import { returnQuery } from '../../../src/http/return-to.ts'
import { PasskeySignInForm } from '../../../src/schemas/pages.ts'

/** Signing in with a passkey. Exists only if PUBLIC_URL can have passkeys. */
const passkey: FastifyPluginAsync = async (fastify) => {
  const { limits, pageSessions, pages, passkeys, signIn } = fastify
  const { returnTo } = pages
  if (!pages.hosted || !passkeys) return

  pages.add(fastify, {
    path: '/passkey',
    body: PasskeySignInForm,
    before: returnTo.check,
    preValidation: pages.readFactors,
    preHandler: limits.byAddress('passkey login'),
    show: async ({ request }) => ({ goTo: `pages/login${returnQuery(returnTo.given(request))}` }),

    async act({ request, reply, page }, { credential }) {
      const owner = await passkeys.identify(request, credential)
      await pageSessions.open(request, reply, (pageSecret) =>
        signIn.withPasskey(request, reply, { ...owner, inCookie: true, pageSecret })
      )
      return returnTo.goOn(request, page)
    },

    refuse: (visit, problem) => pages.signIn.first(visit, problem)
  })
}

export default passkey
