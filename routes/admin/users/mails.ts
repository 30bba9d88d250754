import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { sendMailTo } from '../../../src/flows/operator/mail-sending.ts'
import { CHANGE_CODES, OPERATORS } from '../../../src/schemas/admin/answers.ts'
import { MailSending } from '../../../src/schemas/admin/users.ts'
import { BODY, Identified, LONG_PATH, Nothing, refusals } from '../../../src/schemas/answers.ts'

const schema = {
  operationId: 'adminSendMail',
  summary: 'Send a mail to an account',
  description: `An invitation, for an account without a password; the mail that verifies its address; or one with which the owner
chooses a new password. Earlier links of the kind become void. For \`users:help\`.`,
  tags: ['administration'],
  security: OPERATORS,
  params: Identified,
  querystring: Nothing,
  body: MailSending,
  response: {
    202: Type.Null({ description: 'The mail will be sent.' }),
    ...LONG_PATH,
    ...refusals(...CHANGE_CODES, ...BODY, 'MAIL_UNAVAILABLE')
  }
}

const mails: FastifyPluginAsyncTypebox = async (fastify) => {
  const { adminChanges, adminGate, limits, mail } = fastify
  const onRequest = adminGate.require({ scopes: ['users:help'] })

  fastify.post('/:id/mails', { schema, onRequest, preHandler: mail.require }, async (request, reply) => {
    const { body, params } = request
    await adminChanges.make(request, (transaction, context) =>
      sendMailTo(transaction, context, params.id, body.kind, limits.mailByOperator)
    )
    reply.code(202)
  })
}

export default mails
