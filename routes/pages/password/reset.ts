import type { FastifyPluginAsync } from 'fastify'
import { DELETE_PASSKEYS, newPassword, UNLINK_IDENTITIES } from '../../../src/pages/fields.ts'
import { accountLine } from '../../../src/pages/form.ts'
import { html } from '../../../src/pages/html.ts'
import { say } from '../../../src/pages/layout.ts'
import { askAgain } from '../../../src/pages/link-form.ts'
import { PasswordResetForm } from '../../../src/schemas/passwords.ts'

const reset: FastifyPluginAsync = async (fastify) => {
  const { config, emailLinks, limits, mail, passkeys, passwords, providers } = fastify

  fastify.pages.addLink(fastify, {
    action: 'pages/password/reset',
    title: 'reset.title',
    intro: (page, { names }) => html`<p>${say(page, 'reset.text')}</p>
${accountLine(page, names)}`,
    fields: [
      newPassword('new_password', config.PASSWORD_MIN),
      ...(passkeys ? [DELETE_PASSKEYS] : []),
      ...(providers.size > 0 ? [UNLINK_IDENTITIES] : [])
    ],
    button: 'reset.button',
    done: { title: 'reset.done', text: 'reset.done.text' },
    renewal: { text: 'reset.renewal', form: askAgain('pages/password/forgot') },
    thenSignIn: true,
    body: PasswordResetForm,
    preHandler: [mail.require, limits.byAddress('password'), passwords.admit],
    look: (request, token) => emailLinks.look(request, 'reset password', token),
    act(request, { delete_passkeys, unlink_identities, ...reset }, reply) {
      const removed = { delete_passkeys: delete_passkeys === 'true', unlink_identities: unlink_identities === 'true' }
      return emailLinks.resetPassword(request, { ...reset, ...removed }, reply)
    }
  })
}

export default reset
