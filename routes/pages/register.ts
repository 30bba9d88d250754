import type { FastifyPluginAsync } from 'fastify'

/** With HIDE_ACCOUNTS, a registration begins with a mail, which this page requests. */
const register: FastifyPluginAsync = async (fastify) => {
  if (fastify.config.HIDE_ACCOUNTS === 'off') return

  fastify.pages.addMailRequest(fastify, {
    name: 'register',
    operationId: 'register',
    title: 'Register',
    intro: 'We send you a mail with a link to finish your registration.',
    button: 'Send the mail',
    kind: 'registration asked',
    counted: 'register',
    reason: 'registration'
  })
}

export default register
