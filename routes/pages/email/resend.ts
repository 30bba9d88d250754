import type { FastifyPluginAsync } from 'fastify'

const resend: FastifyPluginAsync = async (fastify) => {
  fastify.pages.addMailRequest(fastify, {
    name: 'resend',
    operationId: 'resendVerification',
    title: 'Confirm your email address',
    intro: 'We send you a mail with a link to confirm the address of your account.',
    button: 'Send the mail',
    kind: 'verification asked',
    counted: 'mail',
    reason: 'verification'
  })
}

export default resend
