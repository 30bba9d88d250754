import type { FastifyPluginAsync } from 'fastify'
import { EMAIL, newPassword } from '../../../../src/pages/fields.ts'
import { accountLine } from '../../../../src/pages/form.ts'
import { html } from '../../../../src/pages/html.ts'
import { say } from '../../../../src/pages/layout.ts'
import { PasswordReset } from '../../../../src/schemas/passwords.ts'

const undo: FastifyPluginAsync = async (fastify) => {
  const { config, emailLinks, limits, mail, passwords } = fastify

  fastify.pages.addLink(fastify, {
    action: 'pages/email/change/undo',
    title: 'undo.title',
    intro: (page, { names, email }) => html`<p>${say(page, 'undo.text', { email })}</p>
${accountLine(page, names)}`,
    fields: [newPassword('new_password', config.PASSWORD_MIN)],
    button: 'undo.button',
    done: { title: 'undo.done', text: 'undo.done.text' },
    renewal: {
      text: 'undo.renewal',
      form: { action: 'pages/password/forgot', fields: [EMAIL], button: 'mail.button' }
    },
    thenSignIn: true,
    body: PasswordReset,
    preHandler: [mail.require, limits.byAddress('password'), passwords.admit],
    look: (request, token) => emailLinks.look(request, 'undo email change', token),
    act: emailLinks.undoChange
  })
}

export default undo
