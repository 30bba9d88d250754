import type { FastifyPluginAsync } from 'fastify'
import { PasswordReset } from '../../../src/schemas.ts'

const reset: FastifyPluginAsync = async (fastify) => {
  const { emailLinks, limits, passwords, requireMail } = fastify

  fastify.linkPage(fastify, {
    name: 'reset',
    operationId: 'resetPassword',
    title: 'Choose a new password',
    intro: 'It takes the place of the old one, and signs you out everywhere.',
    fields: [{ name: 'new_password', label: 'New password', type: 'password', autocomplete: 'new-password' }],
    button: 'Set the password',
    done: { title: 'Your password is changed', text: 'You can sign in with it now.' },
    body: PasswordReset,
    codes: ['PASSWORD_REJECTED', 'TOO_MANY_REQUESTS', 'MAIL_UNAVAILABLE'],
    preHandler: [requireMail, limits.byAddress('password'), passwords.admit],
    act: emailLinks.resetPassword
  })
}

export default reset
