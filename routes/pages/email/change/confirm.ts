import type { FastifyPluginAsync } from 'fastify'
import { accountLine } from '../../../../src/pages/form.ts'
import { html } from '../../../../src/pages/html.ts'
import { EmailTokenBody } from '../../../../src/schemas/email.ts'

const confirm: FastifyPluginAsync = async (fastify) => {
  const { emailLinks, mail } = fastify

  fastify.pages.addLink(fastify, {
    name: 'confirm',
    operationId: 'confirmEmailChange',
    title: 'Confirm your new email address',
    intro: ({
      names,
      email
    }) => html`<p>From now on, mail for this account goes to <strong>${email}</strong>. If you do not know the account, close this page: nothing has changed.</p>
${accountLine(names)}`,
    button: 'Use the new address',
    done: { title: 'Your address is changed', text: 'You can close this page.' },
    renewal: { text: 'To get another mail, sign in and change the address again.' },
    body: EmailTokenBody,
    codes: ['ACCOUNT_EXISTS', 'MAIL_UNAVAILABLE'],
    preHandler: mail.require,
    look: (request, token) => emailLinks.look(request, 'confirm new email', token),
    act: emailLinks.confirmChange
  })
}

export default confirm
