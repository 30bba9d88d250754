import type { FastifyPluginAsync } from 'fastify'
import { idOf } from '../../../../plugins/pages/query.ts'
import { listPasskeys } from '../../../../src/factors/passkeys.ts'
import { say } from '../../../../src/pages/layout.ts'
import { describeErrors, describeProblem } from '../../../../src/pages/problems.ts'
import { PASSKEY_NAME, passkeyFaultView, passkeyRenamingView } from '../../../../src/pages/views/factors/passkeys.ts'
import { PasskeyChange } from '../../../../src/schemas/passkeys.ts'

/** Renames a passkey. Exists only if PUBLIC_URL can have passkeys. */
const rename: FastifyPluginAsync = async (fastify) => {
  const { pages, passkeyEnrolment } = fastify
  if (!pages.hosted || !passkeyEnrolment) return

  pages.add(fastify, {
    path: '/rename',
    body: PasskeyChange,
    before: pages.requireSession,

    async show({ request, page }) {
      const { id } = request.query as { id?: unknown }
      const passkey = (await listPasskeys(request.database, request.account.id)).find((each) => each.id === id)
      return passkey ? passkeyRenamingView(page, passkey) : { goTo: 'pages/account/passkeys' }
    },

    async act({ request }, { name }) {
      await passkeyEnrolment.rename(request, idOf(request), name)
      return { goTo: 'pages/account/passkeys', done: 'passkey-renamed' }
    },

    refuse({ request, page }, problem) {
      const { id } = request.query as { id?: unknown }
      if (problem.code === 'NOT_FOUND') return passkeyFaultView(page, say(page, 'passkeys.gone'))
      if (typeof id !== 'string') return passkeyFaultView(page, describeProblem(page, problem))
      const { name } = Object(request.body) as { name?: unknown }
      return passkeyRenamingView(page, { id, name, errors: describeErrors(page, problem, [PASSKEY_NAME]) })
    }
  })
}

export default rename
