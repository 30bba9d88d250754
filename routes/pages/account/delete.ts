import type { FastifyPluginAsync } from 'fastify'
import type { Passkeys } from '../../../plugins/factors/passkeys.ts'
import { userHandleOf } from '../../../src/factors/credentials.ts'
import { OWN_PASSWORD } from '../../../src/pages/fields.ts'
import { html } from '../../../src/pages/html.ts'
import { say } from '../../../src/pages/layout.ts'
import { renderNote } from '../../../src/pages/link-form.ts'
import { renderSignal } from '../../../src/pages/passkey-form.ts'
import { AccountDeletion, AccountDeletionByPassword } from '../../../src/schemas/users.ts'

/** Deleting the account with all its data. */
const deletion: FastifyPluginAsync = async (fastify) => {
  const { limits, ownAccount, pageSessions, pages, passkeys, passwords } = fastify

  /** Tells the browser that no passkey of the account is accepted any more. */
  const signalFor = (account: string, { party }: Passkeys) =>
    renderSignal('signalAllAcceptedCredentials', {
      rpId: party.id,
      userId: userHandleOf(account).toString('base64url'),
      allAcceptedCredentialIds: []
    })

  pages.addAccountForm(fastify, {
    path: '/delete',
    body: AccountDeletion,
    before: [pages.requireSession, pages.requireFreshBesidePassword],
    preValidation: ownAccount.requirePassword('account deletion', AccountDeletionByPassword),
    preHandler: [limits.byAddress('account deletion'), passwords.admit],
    form: (request) => ({
      action: 'pages/account/delete',
      title: 'account.delete',
      text: 'account.delete.warning',
      fields: ownAccount.needsPassword(request, 'account deletion') ? [OWN_PASSWORD] : [],
      button: 'account.delete',
      look: 'danger'
    }),
    async act({ request, reply, page }, deletion) {
      await ownAccount.delete(request, reply, deletion)
      pageSessions.clear(reply)
      const note = { title: 'account.delete.done', text: 'account.delete.done.text' } as const
      const signal = passkeys && signalFor(request.account.id, passkeys)
      const content = html`${renderNote(page, note)}${signal}`
      return { title: say(page, note.title), content, script: signal !== undefined }
    }
  })
}

export default deletion
