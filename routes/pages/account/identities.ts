import type { FastifyPluginAsync } from 'fastify'
import { Problem } from '../../../src/errors.ts'
import { accountProblemView } from '../../../src/pages/views/account-form.ts'
import { IdentityForm } from '../../../src/schemas/identities.ts'

/** Adds another provider to the account, or removes one. */
const identitiesPage: FastifyPluginAsync = async (fastify) => {
  const { identities, limits, pages } = fastify
  if (!pages.hosted) return

  pages.add(fastify, {
    path: '/identities',
    body: IdentityForm,
    before: [pages.requireSession, pages.requireFresh],
    preHandler: limits.byAddress('federated login'),
    show: async () => ({ goTo: 'pages/account' }),

    async act(visit, { provider, identity }) {
      const { request } = visit
      if (identity !== undefined) {
        await remove(identity)
        return { goTo: 'pages/account', done: 'identity-removed' }
      }
      return pages.providers.begin(visit, String(provider), { purpose: 'link', session: request.user.sid })

      async function remove(id: string): Promise<void> {
        try {
          await identities.unlink(request, id)
        } catch (error) {
          // It was removed already, perhaps by the same form.
          if (!(error instanceof Problem) || error.code !== 'NOT_FOUND') throw error
        }
      }
    },

    refuse: ({ page }, problem) => accountProblemView(page, 'identities.title', problem)
  })
}

export default identitiesPage
