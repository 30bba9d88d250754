import type { FastifyPluginAsync } from 'fastify'
import { RegistrationEnd } from '../../../src/schemas.ts'

const finish: FastifyPluginAsync = async (fastify) => {
  const { config, emailLinks, limits, passwords } = fastify
  if (config.HIDE_ACCOUNTS === 'off') return

  fastify.linkPage(fastify, {
    name: 'finish',
    operationId: 'finishRegistration',
    title: 'Finish your registration',
    intro: 'Choose a password, and a username if you want one.',
    fields: [
      { name: 'username', label: 'Username (optional)', type: 'text', autocomplete: 'username', optional: true },
      { name: 'password', label: 'Password', type: 'password', autocomplete: 'new-password' }
    ],
    button: 'Make the account',
    done: { title: 'Your account is ready', text: 'You can sign in now.' },
    body: RegistrationEnd,
    codes: ['PASSWORD_REJECTED', 'ACCOUNT_EXISTS', 'TOO_MANY_REQUESTS'],
    preHandler: [limits.byAddress('register'), passwords.admit],
    act: emailLinks.finishRegistration
  })
}

export default finish
