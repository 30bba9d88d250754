import type { FastifyPluginAsync } from 'fastify'
import { Problem } from '../../../../src/errors.ts'
import { describeErrors } from '../../../../src/pages/problems.ts'
import { totpRemovalView } from '../../../../src/pages/views/factors/totp.ts'
import { EmptyForm } from '../../../../src/schemas/pages.ts'

/** Removes the authenticator app. */
const remove: FastifyPluginAsync = async (fastify) => {
  const { factorEnrolment, pages } = fastify
  if (!pages.hosted) return

  pages.add(fastify, {
    path: '/remove',
    body: EmptyForm,
    before: [pages.requireSession, pages.requireFresh],

    async show({ request, page }) {
      const { required, totp, passkeys } = await factorEnrolment.read(request)
      return totp ? totpRemovalView(page, { isLast: required && passkeys === 0 }) : { goTo: 'pages/account/totp' }
    },

    async act({ request }) {
      try {
        await factorEnrolment.removeTotp(request)
      } catch (error) {
        // It was removed already, perhaps by the same form.
        if (!(error instanceof Problem) || error.code !== 'NOT_FOUND') throw error
      }
      return { goTo: 'pages/account', done: 'totp-removed' }
    },

    refuse: ({ page }, problem) => totpRemovalView(page, { errors: describeErrors(page, problem, []) })
  })
}

export default remove
