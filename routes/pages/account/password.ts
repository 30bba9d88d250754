import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { newPassword, OWN_PASSWORD } from '../../../src/pages/fields.ts'
import { PasswordChange, PasswordChangeByPassword } from '../../../src/schemas/passwords.ts'

/** Changing the password, or setting the first one. */
const password: FastifyPluginAsync = async (fastify) => {
  const { config, limits, ownAccount, pages, passwords } = fastify

  /** Whether another proof can replace the password: the session has had two factors before. */
  const canStepUp = (request: FastifyRequest) => needsPassword(request) && request.user?.acr === 'aal2'

  const needsPassword = (request: FastifyRequest) => ownAccount.needsPassword(request, 'password change')

  pages.addAccountForm(fastify, {
    path: '/password',
    body: PasswordChange,
    before: [pages.requireSession, pages.requireFreshBesidePassword],
    preValidation: ownAccount.requirePassword('password change', PasswordChangeByPassword),
    preHandler: [limits.byAddress('password'), passwords.admit],
    form(request) {
      const title = isFirst(request) ? 'account.password.set' : 'account.password.title'
      const next = newPassword('new_password', config.PASSWORD_MIN)
      return {
        action: 'pages/account/password',
        title,
        text: 'account.password.text',
        fields: needsPassword(request) ? [OWN_PASSWORD, next] : [next],
        button: title,
        stepUp: canStepUp(request) ? 'account.password.forgotten' : undefined
      }
    },
    async act({ request, reply }, change) {
      await ownAccount.changePassword(request, reply, change)
      return { goTo: 'pages/account', done: isFirst(request) ? 'password-set' : 'password' }
    }
  })
}

export default password

/** Whether the account has no password yet. A form that could not be read belongs to no session. */
const isFirst = ({ account }: Partial<Pick<FastifyRequest, 'account'>>) => account?.hasPassword === false
