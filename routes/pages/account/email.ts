import type { FastifyPluginAsync } from 'fastify'
import { EMAIL, OWN_PASSWORD } from '../../../src/pages/fields.ts'
import { EmailChange, EmailChangeByPassword } from '../../../src/schemas/email.ts'

/** Changing the address, or adding the first one. It changes once the new one is confirmed by mail. */
const email: FastifyPluginAsync = async (fastify) => {
  const { limits, mail, ownAccount, pages, passwords } = fastify
  if (!mail.available) return

  pages.addAccountForm(fastify, {
    path: '/email',
    body: EmailChange,
    before: [pages.requireSession, pages.requireFreshBesidePassword],
    preValidation: ownAccount.requirePassword('email change', EmailChangeByPassword),
    preHandler: [limits.byAddress('mail'), passwords.admit],
    form: (request) => ({
      action: 'pages/account/email',
      title: 'account.email.title',
      text: 'account.email.text',
      fields: [
        { ...EMAIL, name: 'new_email', label: 'account.email.new' },
        ...(ownAccount.needsPassword(request, 'email change') ? [OWN_PASSWORD] : [])
      ],
      button: 'mail.button'
    }),
    async act({ request, reply }, change) {
      await ownAccount.askEmailChange(request, reply, change)
      return { goTo: 'pages/account', done: 'email' }
    }
  })
}

export default email
