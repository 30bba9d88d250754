import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { BODY, NO_CONTENT, Nothing, refusals } from '../../../src/schemas/answers.ts'
import { EmailTokenBody } from '../../../src/schemas/email.ts'

const schema = {
  operationId: 'confirmEmailChange',
  summary: 'Confirm a new email address',
  description: `Takes the token of a mail to the new address, once, within a day. If the previous address was
verified, it gets a mail with a link that reverts the change for seven days. A change of the password, or another
change of the address, invalidates the token.`,
  tags: ['mail'],
  querystring: Nothing,
  body: EmailTokenBody,
  response: {
    ...NO_CONTENT,
    ...refusals(...BODY, 'EMAIL_TOKEN_INVALID', 'ACCOUNT_EXISTS', 'MAIL_UNAVAILABLE', 'DATABASE_UNAVAILABLE')
  }
}

const confirm: FastifyPluginAsyncTypebox = async (fastify) => {
  const { emailLinks, mail } = fastify

  fastify.post('/confirm', { schema, preHandler: mail.require }, async (request, reply) => {
    await emailLinks.confirmChange(request, request.body)
    reply.code(204)
  })
}

export default confirm
