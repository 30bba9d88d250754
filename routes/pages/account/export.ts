import { Readable } from 'node:stream'
import type { FastifyPluginAsync } from 'fastify'
import { accountFormView, accountProblemView } from '../../../src/pages/views/account-form.ts'
import { EmptyForm } from '../../../src/schemas/pages.ts'

/** Downloading all data of the account. */
const exporting: FastifyPluginAsync = async (fastify) => {
  const { limits, ownAccount, pages } = fastify
  if (!pages.hosted) return

  pages.add(fastify, {
    path: '/export',
    body: EmptyForm,
    before: pages.requireSession,
    preHandler: limits.byAddress('export'),

    async show({ page }) {
      return accountFormView(page, {
        action: 'pages/account/export',
        title: 'account.export',
        text: 'account.export.text',
        fields: [],
        button: 'account.export.button'
      })
    },

    async act({ request }) {
      const text = await ownAccount.exportData(request)
      return {
        file: Readable.from(text),
        type: 'application/json; charset=utf-8',
        name: `account-${request.account.id}.json`
      }
    },

    refuse: ({ page }, problem) => accountProblemView(page, 'account.export', problem)
  })
}

export default exporting
