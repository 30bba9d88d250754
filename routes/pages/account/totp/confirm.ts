import type { FastifyPluginAsync } from 'fastify'
import { displayName } from '../../../../src/admin/accounts.ts'
import { otpauthUri } from '../../../../src/factors/totp.ts'
import { renderDone } from '../../../../src/pages/components.ts'
import { TOTP } from '../../../../src/pages/fields.ts'
import { say } from '../../../../src/pages/layout.ts'
import { describeErrors, describeProblem } from '../../../../src/pages/problems.ts'
import { newCodesView } from '../../../../src/pages/views/factors/recovery-codes.ts'
import { totpSetupLostView, totpSetupView } from '../../../../src/pages/views/factors/totp.ts'
import { TOTP_SECRET, TotpSetupForm } from '../../../../src/schemas/pages.ts'
import type { SessionUser } from '../../../../src/sessions/sessions.ts'

/** Confirms a new secret with the first code of the app, and shows the recovery codes. */
const confirm: FastifyPluginAsync = async (fastify) => {
  const { factorEnrolment, pages } = fastify
  if (!pages.hosted) return

  pages.add(fastify, {
    path: '/confirm',
    body: TotpSetupForm,
    before: [pages.requireSession, pages.requireFresh],
    preValidation: pages.readFactors,
    // Only the answer to the form before has the secret.
    show: async () => ({ goTo: 'pages/account/totp' }),

    async act({ request, page }, { totp }) {
      const { codes } = await factorEnrolment.confirmTotp(request, totp)
      return newCodesView(page, codes, renderDone(say(page, 'totp.done')))
    },

    refuse({ request, page }, problem) {
      const { secret } = Object(request.body) as { secret?: unknown }
      if (typeof secret !== 'string' || !TOTP_SECRET.test(secret)) {
        return totpSetupLostView(page, describeProblem(page, problem))
      }
      const errors = describeErrors(page, problem, [TOTP])
      if (problem.code === 'MFA_CODE_INVALID') errors.fields.totp = say(page, 'totp.setup.wrong')
      // Without the database, the session is not known, but the app may have the secret already.
      const { account } = request as { account?: SessionUser }
      const uri = account && otpauthUri(secret, { issuer: page.service.name, account: displayName(account) })
      return totpSetupView(page, { secret, uri, errors })
    }
  })
}

export default confirm
