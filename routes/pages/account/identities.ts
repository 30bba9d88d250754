import type { FastifyPluginAsync } from 'fastify'
import { Problem } from '../../../src/errors.ts'
import { accountProblemView } from '../../../src/pages/views/account-form.ts'
import { federationFailedView } from '../../../src/pages/views/federation.ts'
import { handOverView } from '../../../src/pages/views/hand-over.ts'
import { IdentityForm } from '../../../src/schemas/identities.ts'

/** Adds another provider to the account, or removes one. */
const identitiesPage: FastifyPluginAsync = async (fastify) => {
  const { federation, identities, limits, pages } = fastify
  if (!pages.hosted) return

  pages.add(fastify, {
    path: '/identities',
    body: IdentityForm,
    before: [pages.requireSession, pages.requireFresh],
    preHandler: limits.byAddress('federated login'),
    show: async () => ({ goTo: 'pages/account' }),

    async act({ request, reply, page }, { provider, identity }) {
      if (identity !== undefined) {
        await remove(identity)
        return { goTo: 'pages/account', done: 'identity-removed' }
      }
      const session = request.user.sid
      const begun = await federation.begin(request, reply, String(provider), { session, returnTo: undefined })
      if ('location' in begun) return handOverView(page, begun.location)
      reply.code(503)
      return federationFailedView(page, { ...begun, text: 'federation.unavailable' })

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
