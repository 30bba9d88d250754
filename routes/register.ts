import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ACCEPTED, BODY, MAIL_ASKED, Nothing, refusals } from '../src/schemas/answers.ts'
import { HiddenRegistration, Registration, RegistrationWithEmail, UserAnswer } from '../src/schemas/users.ts'

const common = { operationId: 'register', summary: 'Register', tags: ['accounts'], querystring: Nothing }

const PASSWORD_RULES = `After normalization to NFC, a password needs at least
PASSWORD_MIN characters (8 by default) and at most 72 bytes in UTF-8; it must not be a common password or one of the names.`

const response = {
  201: UserAnswer,
  ...refusals(...BODY, 'PASSWORD_REJECTED', 'ACCOUNT_EXISTS', 'TOO_MANY_REQUESTS', 'DATABASE_UNAVAILABLE')
}

const schema = {
  ...common,
  description: `Creates an account with a username, an email address, or both, and sends a mail that verifies the address.
${PASSWORD_RULES}`,
  body: Registration,
  response
}

const withEmail = {
  ...common,
  description: `Creates an account with an email address and an optional username, and sends a mail that verifies the address,
which is required to sign in. ${PASSWORD_RULES}`,
  body: RegistrationWithEmail,
  response
}

const hidden = {
  ...common,
  description: `Sends a mail to an email address; \`/register/finish\` creates the account with the token of that mail. The answer, and
its timing, do not depend on whether the address has an account; its owner is then notified by mail.`,
  body: HiddenRegistration,
  response: {
    ...ACCEPTED,
    ...refusals(...BODY, 'TOO_MANY_REQUESTS', 'MAIL_UNAVAILABLE', 'DATABASE_UNAVAILABLE')
  }
}

/** The body depends on HIDE_ACCOUNTS and REQUIRE_VERIFIED_EMAIL. */
const register: FastifyPluginAsyncTypebox = async (fastify) => {
  const { config, limits, mail, passwords, registration } = fastify
  const counted = limits.byAddress('register')

  if (config.HIDE_ACCOUNTS === 'on') {
    fastify.post('/register', { schema: hidden, preHandler: [mail.require, counted] }, async (request, reply) => {
      await registration.ask(request, request.body.email)
      reply.code(202)
      return MAIL_ASKED
    })
    return
  }

  const open = config.REQUIRE_VERIFIED_EMAIL === 'on' ? withEmail : schema
  fastify.post('/register', { schema: open, preHandler: [counted, passwords.admit] }, async (request, reply) => {
    const { password, ...names } = request.body
    const user = await registration.withPassword(request, reply, { names, password })
    reply.code(201)
    return user
  })
}

export default register
