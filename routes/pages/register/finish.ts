import type { FastifyPluginAsync } from 'fastify'
import { FIRST_PASSWORD, USERNAME } from '../../../src/pages/fields.ts'
import { accountLine, askingForm } from '../../../src/pages/form.ts'
import { html } from '../../../src/pages/html.ts'
import { RegistrationEnd } from '../../../src/schemas/users.ts'

const finish: FastifyPluginAsync = async (fastify) => {
  const { config, emailLinks, limits, passwords } = fastify
  if (config.HIDE_ACCOUNTS === 'off') return

  fastify.pages.addLink(fastify, {
    name: 'finish',
    operationId: 'finishRegistration',
    title: 'Finish your registration',
    intro: ({ email }) => html`<p>Choose a password, and a username if you want one.</p>
${accountLine({ username: null, email })}`,
    fields: [USERNAME, FIRST_PASSWORD],
    button: 'Create the account',
    done: { title: 'Your account is ready', text: 'You can sign in now.' },
    renewal: {
      text: 'If you have no account yet, we can send you another mail.',
      form: askingForm('../register', 'Send another mail')
    },
    body: RegistrationEnd,
    codes: ['PASSWORD_REJECTED', 'ACCOUNT_EXISTS', 'TOO_MANY_REQUESTS'],
    preHandler: [limits.byAddress('register'), passwords.admit],
    look: (request, token) => emailLinks.look(request, 'finish registration', token),
    act: emailLinks.finishRegistration
  })
}

export default finish
