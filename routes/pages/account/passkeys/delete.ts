import type { FastifyPluginAsync } from 'fastify'
import { idOf } from '../../../../plugins/pages/query.ts'
import { listPasskeys } from '../../../../src/factors/passkeys.ts'
import { say } from '../../../../src/pages/layout.ts'
import { describeErrors, describeProblem } from '../../../../src/pages/problems.ts'
import { passkeyDeletionView, passkeyFaultView } from '../../../../src/pages/views/factors/passkeys.ts'
import { EmptyForm } from '../../../../src/schemas/pages.ts'

/** Deletes a passkey. Exists only if PUBLIC_URL can have passkeys. */
const remove: FastifyPluginAsync = async (fastify) => {
  const { factorEnrolment, pages, passkeyEnrolment } = fastify
  if (!pages.hosted || !passkeyEnrolment) return

  pages.add(fastify, {
    path: '/delete',
    body: EmptyForm,
    before: [pages.requireSession, pages.requireFresh],

    async show({ request, page }) {
      const { id } = request.query as { id?: unknown }
      const passkeys = await listPasskeys(request.database, request.account.id)
      const passkey = passkeys.find((each) => each.id === id)
      if (!passkey) return { goTo: 'pages/account/passkeys' }
      const { required, totp } = await factorEnrolment.read(request)
      return passkeyDeletionView(page, { ...passkey, isLast: required && !totp && passkeys.length === 1 })
    },

    async act({ request }) {
      await passkeyEnrolment.remove(request, idOf(request))
      return { goTo: 'pages/account/passkeys', done: 'passkey-deleted' }
    },

    refuse({ request, page }, problem) {
      const { id } = request.query as { id?: unknown }
      if (problem.code === 'NOT_FOUND') return passkeyFaultView(page, say(page, 'passkeys.gone'))
      if (typeof id !== 'string') return passkeyFaultView(page, describeProblem(page, problem))
      return passkeyDeletionView(page, { id, errors: describeErrors(page, problem, []) })
    }
  })
}

export default remove
