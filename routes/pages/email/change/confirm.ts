import type { FastifyPluginAsync } from 'fastify'
import { EmailTokenBody } from '../../../../src/schemas.ts'

const confirm: FastifyPluginAsync = async (fastify) => {
  const { emailLinks, requireMail } = fastify

  fastify.linkPage(fastify, {
    name: 'confirm',
    operationId: 'confirmEmailChange',
    title: 'Confirm your new email address',
    intro: 'From now on, letters will come to the new address.',
    button: 'Use the new address',
    done: { title: 'Your address is changed', text: 'You can close this page.' },
    body: EmailTokenBody,
    codes: ['ACCOUNT_EXISTS', 'MAIL_UNAVAILABLE'],
    preHandler: requireMail,
    act: emailLinks.confirmChange
  })
}

export default confirm
