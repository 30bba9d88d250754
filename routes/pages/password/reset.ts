import type { FastifyPluginAsync } from 'fastify'
import { NEW_PASSWORD } from '../../../src/pages/fields.ts'
import { accountLine, askingForm } from '../../../src/pages/form.ts'
import { html } from '../../../src/pages/html.ts'
import { PasswordResetForm } from '../../../src/schemas/passwords.ts'

const reset: FastifyPluginAsync = async (fastify) => {
  const { emailLinks, limits, mail, passwords } = fastify

  fastify.pages.addLink(fastify, {
    name: 'reset',
    operationId: 'resetPassword',
    title: 'Choose a new password',
    intro: ({ names }) => html`<p>It replaces the old one and signs you out everywhere.</p>
${accountLine(names)}`,
    fields: [NEW_PASSWORD],
    button: 'Set the password',
    done: { title: 'Your password is changed', text: 'You can sign in with it now.' },
    renewal: {
      text: 'We can send you another mail with a link to choose a new password.',
      form: askingForm('forgot', 'Send another mail')
    },
    body: PasswordResetForm,
    codes: ['PASSWORD_REJECTED', 'TOO_MANY_REQUESTS', 'MAIL_UNAVAILABLE'],
    preHandler: [mail.require, limits.byAddress('password'), passwords.admit],
    look: (request, token) => emailLinks.look(request, 'reset password', token),
    act: emailLinks.resetPassword
  })
}

export default reset
