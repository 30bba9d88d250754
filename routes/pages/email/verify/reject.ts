import type { FastifyPluginAsync } from 'fastify'
import { accountLine } from '../../../../src/pages/form.ts'
import { html } from '../../../../src/pages/html.ts'
import { say } from '../../../../src/pages/layout.ts'
import { askAgain } from '../../../../src/pages/link-form.ts'
import { EmailTokenBody } from '../../../../src/schemas/email.ts'

const reject: FastifyPluginAsync = async (fastify) => {
  const { emailLinks } = fastify

  fastify.pages.addLink(fastify, {
    action: 'pages/email/verify/reject',
    title: 'reject.title',
    intro: (page, { names }) => html`<p>${say(page, 'reject.text')}</p>
${accountLine(page, names)}`,
    button: 'reject.button',
    done: { title: 'reject.done', text: 'reject.done.text' },
    renewal: { text: 'reject.renewal', form: askAgain('pages/email/resend') },
    body: EmailTokenBody,
    async look(request, token) {
      const link = await emailLinks.look(request, 'verify email', token)
      return link?.done ? undefined : link
    },
    act: emailLinks.reject
  })
}

export default reject
