import type { FastifyPluginAsync } from 'fastify'

const forgot: FastifyPluginAsync = async (fastify) => {
  fastify.pages.addMailRequest(fastify, {
    name: 'forgot',
    operationId: 'forgotPassword',
    title: 'Choose a new password',
    intro: 'We send a mail with a link to choose a new password to the address of your account.',
    button: 'Send the mail',
    kind: 'reset asked',
    counted: 'mail',
    reason: 'password reset'
  })
}

export default forgot
