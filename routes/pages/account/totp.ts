import type { FastifyPluginAsync } from 'fastify'
import { describeErrors } from '../../../src/pages/problems.ts'
import { totpSetupView, totpView } from '../../../src/pages/views/factors/totp.ts'
import { EmptyForm } from '../../../src/schemas/pages.ts'

/** The authenticator app. The form makes a new secret; the app that there is works until that is confirmed. */
const totp: FastifyPluginAsync = async (fastify) => {
  const { factorEnrolment, pages } = fastify
  if (!pages.hosted) return

  pages.add(fastify, {
    path: '/totp',
    body: EmptyForm,
    before: [pages.requireSession, pages.requireFresh],

    async show({ request, page }) {
      const { totp: app } = await factorEnrolment.read(request)
      return totpView(page, { since: app ? new Date(app.created_at) : undefined })
    },

    act: async ({ request, page }) => totpSetupView(page, await factorEnrolment.beginTotp(request)),

    refuse: ({ page }, problem) => totpView(page, { errors: describeErrors(page, problem, []) })
  })
}

export default totp
