import type { FastifyPluginAsync } from 'fastify'
import { CURRENT_PASSWORD } from '../../../src/pages/fields.ts'
import { accountLine } from '../../../src/pages/form.ts'
import { html } from '../../../src/pages/html.ts'
import { say } from '../../../src/pages/layout.ts'
import { askAgain } from '../../../src/pages/link-form.ts'
import { EmailVerificationForm } from '../../../src/schemas/email.ts'

const verify: FastifyPluginAsync = async (fastify) => {
  const { emailLinks, limits, passwords } = fastify

  fastify.pages.addLink(fastify, {
    action: 'pages/email/verify',
    title: 'verify.title',
    intro: (page, { names }) => html`<p>${say(page, 'verify.text')}</p>
${accountLine(page, names)}`,
    fields: [CURRENT_PASSWORD],
    button: 'verify.button',
    beside: {
      title: 'reject.title',
      text: 'verify.beside',
      form: { action: 'pages/email/verify/reject', fields: [], button: 'reject.title', look: 'quiet' }
    },
    done: { title: 'verify.done', text: 'verify.done.text' },
    doneBefore: { title: 'verify.done-before', text: 'verify.done-before.text' },
    renewal: { text: 'verify.renewal', form: askAgain('pages/email/resend') },
    thenSignIn: true,
    body: EmailVerificationForm,
    preHandler: [limits.byAddress('login'), passwords.admit],
    look: (request, token) => emailLinks.look(request, 'verify email', token),
    act: emailLinks.verify
  })
}

export default verify
