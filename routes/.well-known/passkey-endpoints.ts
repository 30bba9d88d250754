import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { Nothing, refusals } from '../../src/schemas/answers.ts'
import { strict } from '../../src/schemas/fields.ts'

const URL_OF_PAGE = Type.String({ examples: ['https://auth.example.com/pages/account/passkeys'] })

const schema = {
  operationId: 'passkeyEndpoints',
  summary: 'Where passkeys are added and managed',
  description: `The page on which people add, rename and delete their passkeys (W3C: A Well-Known URL for Passkey
Endpoints). Password managers request it at the RP ID. Absent without the hosted pages.`,
  tags: ['keys'],
  querystring: Nothing,
  response: {
    200: Type.Object({ enroll: URL_OF_PAGE, manage: URL_OF_PAGE }, strict),
    ...refusals()
  }
}

const passkeyEndpoints: FastifyPluginAsyncTypebox = async (fastify) => {
  const { config, pages, passkeys } = fastify
  if (!pages.hosted || !passkeys) return
  const page = `${config.PUBLIC_URL}/pages/account/passkeys`

  fastify.get('/passkey-endpoints', { schema }, async () => ({ enroll: page, manage: page }))
}

export default passkeyEndpoints
