import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { newPassword, OWN_PASSWORD } from '../../../src/pages/fields.ts'
import { PasswordChange } from '../../../src/schemas/passwords.ts'

/** Changing the password. The current one is not needed after a sign-in with two factors a short time ago. */
const password: FastifyPluginAsync = async (fastify) => {
  const { config, factors, limits, ownAccount, pages, passwords } = fastify

  /**
   * Whether the form has a field for the current password. If the session could not be looked for, the form is as it was;
   * one that could not be read has the field.
   */
  function needsPassword(request: FastifyRequest): boolean {
    if (request.user) return !factors.isFreshAal2(request)
    const { current_password, new_password } = Object(request.body) as {
      current_password?: unknown
      new_password?: unknown
    }
    return current_password !== undefined || new_password === undefined
  }

  /** Whether another proof can replace the password: the session has had two factors before. */
  const canStepUp = (request: FastifyRequest) => needsPassword(request) && request.user?.acr === 'aal2'

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
      button: 'account.password.title',
      stepUp: canStepUp(request) ? 'account.password.forgotten' : undefined
    }),
    async act({ request, reply }, change) {
      await ownAccount.changePassword(request, reply, change)
      return { goTo: 'pages/account', done: 'password' }
    }
  })
}

export default password
