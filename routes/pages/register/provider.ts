import type { FastifyPluginAsync } from 'fastify'
import { say } from '../../../src/pages/layout.ts'
import { describeErrors } from '../../../src/pages/problems.ts'
import { federationFailedView, federationFields, federationNameView } from '../../../src/pages/views/federation.ts'
import { unverifiedView } from '../../../src/pages/views/sign-up.ts'
import { IdentityNamesForm } from '../../../src/schemas/identities.ts'

/** Chooses the name of a new account, whose owner has signed in at a provider that vouches for no address. */
const provider: FastifyPluginAsync = async (fastify) => {
  const { federation, limits, pages, providers } = fastify
  const { asks } = federation
  if (providers.size === 0 || !asks) return
  const fields = federationFields(asks)

  pages.add(fastify, {
    path: '/provider',
    body: IdentityNamesForm(asks),
    preHandler: limits.byAddress('register'),

    async show({ request, page }) {
      const waiting = federation.unnamed(request)
      return waiting ? federationNameView(page, { label: waiting.label, fields }) : { goTo: 'pages/login' }
    },

    async act({ request, reply, page }, names) {
      const result = await federation.register(request, reply, names)
      if (result.outcome === 'signed in') return pages.returnTo.leadOn(result.returnTo, page)
      if (result.outcome === 'second step') {
        return pages.signIn.second({ request, page }, result.challenge, result.returnTo)
      }
      if (result.outcome === 'failed') return pages.providers.fail({ reply, page }, result)
      return unverifiedView(page, result.returnTo)
    },

    refuse({ request, page }, problem) {
      const waiting = federation.unnamed(request)
      if (!waiting) return federationFailedView(page, { text: 'sign-in.expired' })
      const errors = problem.errors?.some(({ path }) => path === '')
        ? { summary: say(page, 'sign-up.one-name'), fields: {} }
        : describeErrors(page, problem, fields)
      const values = (request.body ?? {}) as Record<string, unknown>
      return federationNameView(page, { label: waiting.label, fields, values, errors })
    }
  })
}

export default provider
