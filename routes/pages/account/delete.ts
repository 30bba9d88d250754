import type { FastifyPluginAsync } from 'fastify'
import { OWN_PASSWORD } from '../../../src/pages/fields.ts'
import { say } from '../../../src/pages/layout.ts'
import { renderNote } from '../../../src/pages/link-form.ts'
import { AccountDeletion } from '../../../src/schemas/users.ts'

/** Deleting the account with all its data. */
const deletion: FastifyPluginAsync = async (fastify) => {
  const { limits, ownAccount, pageSessions, pages, passwords } = fastify

  pages.addAccountForm(fastify, {
    path: '/delete',
    body: AccountDeletion,
    before: [pages.requireSession, pages.requireFreshSecondStep],
    preHandler: [limits.byAddress('account deletion'), passwords.admit],
    form: () => ({
      action: 'pages/account/delete',
      title: 'account.delete',
      text: 'account.delete.warning',
      fields: [OWN_PASSWORD],
      button: 'account.delete',
      look: 'danger'
    }),
    async act({ request, reply, page }, { current_password }) {
      await ownAccount.delete(request, reply, current_password)
      pageSessions.clear(reply)
      const note = { title: 'account.delete.done', text: 'account.delete.done.text' } as const
      return { title: say(page, note.title), content: renderNote(page, note) }
    }
  })
}

export default deletion
