import type { FastifyPluginAsync } from 'fastify'
import { NEW_PASSWORD } from '../../../../src/pages/fields.ts'
import { accountLine, askingForm } from '../../../../src/pages/form.ts'
import { html } from '../../../../src/pages/html.ts'
import { PasswordReset } from '../../../../src/schemas/passwords.ts'

const undo: FastifyPluginAsync = async (fastify) => {
  const { emailLinks, limits, mail, passwords } = fastify

  fastify.pages.addLink(fastify, {
    name: 'undo',
    operationId: 'undoEmailChange',
    title: 'Undo the change of your email address',
    intro: ({
      names,
      email
    }) => html`<p>The account gets its address <strong>${email}</strong> back, and is signed out everywhere. Somebody else knows the old password: choose a new one.</p>
${accountLine(names)}`,
    fields: [NEW_PASSWORD],
    button: 'Undo the change',
    done: { title: 'You have your address back', text: 'Sign in with your new password.' },
    renewal: {
      text: 'If somebody else has got into your account, choose a new password. We send the link to the address of the account.',
      form: askingForm('../../password/forgot', 'Send the mail')
    },
    body: PasswordReset,
    codes: ['PASSWORD_REJECTED', 'ACCOUNT_EXISTS', 'TOO_MANY_REQUESTS', 'MAIL_UNAVAILABLE'],
    preHandler: [mail.require, limits.byAddress('password'), passwords.admit],
    look: (request, token) => emailLinks.look(request, 'undo email change', token),
    act: emailLinks.undoChange
  })
}

export default undo
