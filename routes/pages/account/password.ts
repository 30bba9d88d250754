import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { newPassword, OWN_PASSWORD } from '../../../src/pages/fields.ts'
import { PasswordChange } from '../../../src/schemas/passwords.ts'

/** Changing the password. The current one is not needed after a sign-in with two factors a short time ago. */
const password: FastifyPluginAsync = async (fastify) => {
  const { config, factors, limits, ownAccount, pages, passwords } = fastify

  /** Whether the form has a field for the current password. A form that could not be read belongs to no session yet. */
  const needsPassword = (request: FastifyRequest) => !(request.user && factors.isFreshAal2(request))

  pages.addAccountForm(fastify, {
    path: '/password',
    body: PasswordChange,
    before: [pages.requireSession, pages.requireFreshSecondStep],
    preHandler: [limits.byAddress('password'), passwords.admit],
    form: (request) => ({
      action: 'pages/account/password',
      title: 'account.password.title',
      text: 'account.password.text',
      fields: [...(needsPassword(request) ? [OWN_PASSWORD] : []), newPassword('new_password', config.PASSWORD_MIN)],
      button: 'account.password.title'
    }),
    async act({ request, reply }, change) {
      await ownAccount.changePassword(request, reply, change)
      return { goTo: 'pages/account', done: 'password' }
    }
  })
}

export default password
