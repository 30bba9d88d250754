import type { FastifyPluginAsync } from 'fastify'
import { accountProblemView } from '../../../../src/pages/views/account-form.ts'
import { EmptyForm } from '../../../../src/schemas/pages.ts'

/** Sending the mail that confirms the address again. */
const resend: FastifyPluginAsync = async (fastify) => {
  const { limits, mail, pages } = fastify
  if (!pages.hosted || !mail.available) return

  pages.add(fastify, {
    path: '/resend',
    body: EmptyForm,
    before: pages.requireSession,
    preHandler: limits.byAddress('mail'),
    show: async () => ({ goTo: 'pages/account' }),

    async act({ request }) {
      const { email } = request.account
      if (email === null) return { goTo: 'pages/account' }
      await mail.request(request, { kind: 'verification asked', recipient: email })
      request.record('mail asked', { detail: { reason: 'verification' } })
      return { goTo: 'pages/account', done: 'mail' }
    },

    refuse: ({ page }, problem) => accountProblemView(page, 'account.email.again', problem)
  })
}

export default resend
