import type { FastifyPluginAsync } from 'fastify'

const forgot: FastifyPluginAsync = async (fastify) => {
  fastify.pages.addMailRequest(fastify, {
    action: 'pages/password/forgot',
    title: 'reset.title',
    intro: 'forgot.text',
    kind: 'reset asked',
    counted: 'mail',
    reason: 'password reset'
  })
}

export default forgot
