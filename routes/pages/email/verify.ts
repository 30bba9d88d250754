import type { FastifyPluginAsync } from 'fastify'
import { EmailTokenBody } from '../../../src/schemas.ts'

const verify: FastifyPluginAsync = async (fastify) => {
  const { emailLinks } = fastify

  fastify.linkPage(fastify, {
    name: 'verify',
    operationId: 'verifyEmail',
    title: 'Confirm your email address',
    intro: 'One more step: confirm that the address is yours.',
    button: 'Confirm this address',
    done: { title: 'Your address is confirmed', text: 'You can close this page.' },
    body: EmailTokenBody,
    act: emailLinks.verify
  })
}

export default verify
