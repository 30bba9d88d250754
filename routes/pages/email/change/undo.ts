import type { FastifyPluginAsync } from 'fastify'
import { EmailTokenBody } from '../../../../src/schemas.ts'

const undo: FastifyPluginAsync = async (fastify) => {
  const { emailLinks, requireMail } = fastify

  fastify.linkPage(fastify, {
    name: 'undo',
    operationId: 'undoEmailChange',
    title: 'Take the change back',
    intro: 'Your account gets its earlier address back, and is signed out everywhere.',
    button: 'Take it back',
    done: {
      title: 'You have your address back',
      text: 'We have sent a mail there with a link to choose another password: do so now.'
    },
    body: EmailTokenBody,
    codes: ['ACCOUNT_EXISTS', 'MAIL_UNAVAILABLE'],
    preHandler: requireMail,
    act: emailLinks.undoChange
  })
}

export default undo
