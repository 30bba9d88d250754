import type { FastifyPluginAsync } from 'fastify'
import { accountLine } from '../../../../src/pages/form.ts'
import { html } from '../../../../src/pages/html.ts'
import { say } from '../../../../src/pages/layout.ts'
import { EmailTokenBody } from '../../../../src/schemas/email.ts'

const confirm: FastifyPluginAsync = async (fastify) => {
  const { emailLinks, mail } = fastify

  fastify.pages.addLink(fastify, {
    action: 'pages/email/change/confirm',
    title: 'confirm.title',
    intro: (page, { names, email }) => html`<p>${say(page, 'confirm.text', { email })}</p>
${accountLine(page, names)}`,
    button: 'confirm.button',
    done: { title: 'confirm.done', text: 'close-page' },
    renewal: { text: 'confirm.renewal' },
    thenSignIn: true,
    body: EmailTokenBody,
    preHandler: mail.require,
    look: (request, token) => emailLinks.look(request, 'confirm new email', token),
    act: emailLinks.confirmChange
  })
}

export default confirm
