import type { FastifyPluginAsync } from 'fastify'

/** Where accounts are hidden, a registration begins with a mail: the page asks for it. */
const register: FastifyPluginAsync = async (fastify) => {
  if (fastify.config.HIDE_ACCOUNTS === 'off') return

  fastify.pages.addMailRequest(fastify, {
    name: 'register',
    operationId: 'register',
    title: 'Register',
    intro: 'We send you a mail with a link to finish your registration.',
    button: 'Send the mail',
    mail: 'registration asked',
    counted: 'register',
    reason: 'registration'
  })
}

export default register
