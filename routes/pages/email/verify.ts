import type { FastifyPluginAsync } from 'fastify'
import { CURRENT_PASSWORD } from '../../../src/pages/fields.ts'
import { accountLine, askingForm } from '../../../src/pages/form.ts'
import { html } from '../../../src/pages/html.ts'
import { EmailVerificationForm } from '../../../src/schemas/email.ts'

const verify: FastifyPluginAsync = async (fastify) => {
  const { emailLinks, limits, passwords } = fastify

  fastify.pages.addLink(fastify, {
    name: 'verify',
    operationId: 'verifyEmail',
    title: 'Confirm your email address',
    intro: ({ names }) => html`<p>Enter the password of your account to confirm that this address is yours.</p>
${accountLine(names)}`,
    fields: [CURRENT_PASSWORD],
    button: 'Confirm this address',
    beside: {
      intro: html`<h2>This was not me</h2>
<p>If you have not registered, somebody else has entered your address. Take it off that account: if it has no username, it is deleted.</p>`,
      form: { action: 'verify/reject', fields: [], button: 'This was not me', quiet: true }
    },
    done: { title: 'Your address is confirmed', text: 'You can close this page.' },
    doneBefore: {
      title: 'Your address is confirmed already',
      text: 'This link was already used, and there is nothing more to do.'
    },
    renewal: {
      text: 'If your address is not confirmed yet, we can send you another mail.',
      form: askingForm('resend', 'Send another mail')
    },
    body: EmailVerificationForm,
    codes: ['INVALID_CREDENTIALS', 'TOO_MANY_REQUESTS'],
    preHandler: [limits.byAddress('login'), passwords.admit],
    look: (request, token) => emailLinks.look(request, 'verify email', token),
    act: emailLinks.verify
  })
}

export default verify
