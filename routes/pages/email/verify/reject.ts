import type { FastifyPluginAsync } from 'fastify'
import { accountLine, askingForm } from '../../../../src/pages/form.ts'
import { html } from '../../../../src/pages/html.ts'
import { EmailTokenBody } from '../../../../src/schemas/email.ts'

const reject: FastifyPluginAsync = async (fastify) => {
  const { emailLinks } = fastify

  fastify.pages.addLink(fastify, {
    name: 'reject',
    operationId: 'rejectEmail',
    title: 'This was not me',
    intro: ({
      names
    }) => html`<p>Your address is taken off this account. If it was registered with that and has no username, it is deleted.</p>
${accountLine(names)}`,
    button: 'Take my address off it',
    done: { title: 'Your address is taken off', text: 'Nobody uses it here any more. You can close this page.' },
    renewal: {
      text: 'If this is your account and the address is not confirmed yet, we can send you another mail.',
      form: askingForm('../resend', 'Send another mail')
    },
    body: EmailTokenBody,
    codes: ['ACCOUNT_EXISTS'],
    async look(request, token) {
      const link = await emailLinks.look(request, 'verify email', token)
      return link?.done ? undefined : link
    },
    act: emailLinks.reject
  })
}

export default reject
