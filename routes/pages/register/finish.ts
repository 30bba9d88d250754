import type { FastifyPluginAsync } from 'fastify'
import { newPassword, USERNAME } from '../../../src/pages/fields.ts'
import { accountLine } from '../../../src/pages/form.ts'
import { html } from '../../../src/pages/html.ts'
import { say } from '../../../src/pages/layout.ts'
import { askAgain } from '../../../src/pages/link-form.ts'
import { RegistrationEnd } from '../../../src/schemas/users.ts'

const finish: FastifyPluginAsync = async (fastify) => {
  const { config, emailLinks, limits, passwords } = fastify
  if (config.HIDE_ACCOUNTS === 'off') return

  fastify.pages.addLink(fastify, {
    action: 'pages/register/finish',
    title: 'finish.title',
    intro: (page, { email }) => html`<p>${say(page, 'finish.text')}</p>
${accountLine(page, { username: null, email })}`,
    fields: [
      { ...USERNAME, label: 'sign-up.username.optional', optional: true },
      newPassword('password', config.PASSWORD_MIN)
    ],
    button: 'sign-up.button',
    done: { title: 'finish.done', text: 'finish.done.text' },
    renewal: { text: 'finish.renewal', form: askAgain('pages/register') },
    thenSignIn: true,
    body: RegistrationEnd,
    preHandler: [limits.byAddress('register'), passwords.admit],
    look: (request, token) => emailLinks.look(request, 'finish registration', token),
    act: emailLinks.finishRegistration
  })
}

export default finish
