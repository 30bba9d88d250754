import type { FastifyPluginAsync } from 'fastify'
import { describeErrors } from '../../../src/pages/problems.ts'
import { newCodesView, recoveryCodesView } from '../../../src/pages/views/factors/recovery-codes.ts'
import { hasFactor } from '../../../src/schemas/mfa.ts'
import { EmptyForm } from '../../../src/schemas/pages.ts'

/** Makes new recovery codes, and shows them once. */
const recoveryCodes: FastifyPluginAsync = async (fastify) => {
  const { factorEnrolment, pages } = fastify
  if (!pages.hosted) return

  pages.add(fastify, {
    path: '/recovery-codes',
    body: EmptyForm,
    before: [pages.requireSession, pages.requireFresh],

    async show({ request, page }) {
      const mfa = await factorEnrolment.read(request)
      return recoveryCodesView(page, { left: mfa.recovery_codes, hasFactor: hasFactor(mfa) })
    },

    async act({ request, page }) {
      const { codes } = await factorEnrolment.renewRecoveryCodes(request)
      return newCodesView(page, codes)
    },

    // It is forbidden only to an account without a factor.
    refuse: ({ page }, problem) =>
      problem.code === 'FORBIDDEN'
        ? recoveryCodesView(page, { hasFactor: false })
        : recoveryCodesView(page, { hasFactor: true, errors: describeErrors(page, problem, []) })
  })
}

export default recoveryCodes
