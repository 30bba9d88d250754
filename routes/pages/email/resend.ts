import type { FastifyPluginAsync } from 'fastify'

const resend: FastifyPluginAsync = async (fastify) => {
  fastify.pages.addMailRequest(fastify, {
    action: 'pages/email/resend',
    title: 'verify.title',
    intro: 'resend.text',
    kind: 'verification asked',
    counted: 'mail',
    reason: 'verification'
  })
}

export default resend
