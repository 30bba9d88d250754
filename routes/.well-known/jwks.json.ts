import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { createDocument, type Document } from '../../src/http/document.ts'
import { NOT_MODIFIED, Nothing, refusals } from '../../src/schemas/answers.ts'
import { JwksAnswer } from '../../src/schemas/tokens.ts'

const schema = {
  operationId: 'jwks',
  summary: 'The public keys',
  description: 'The keys that verify access tokens, as a JSON Web Key Set (RFC 7517).',
  tags: ['keys'],
  querystring: Nothing,
  response: { 200: JwksAnswer, ...NOT_MODIFIED, ...refusals() }
}

const jwks: FastifyPluginAsyncTypebox = async (fastify) => {
  const { keys } = fastify
  let written: { kids: string; document: Document } | undefined

  /** Serialized again only if the keys of the ring have changed, by their ids, which are thumbprints. */
  function current(): Document {
    const jwks = keys.jwks()
    const kids = jwks.keys.map(({ kid }) => kid).join()
    if (written?.kids !== kids) {
      written = { kids, document: createDocument('application/json; charset=utf-8', JSON.stringify(jwks)) }
    }
    return written.document
  }

  fastify.get('/jwks.json', { schema }, async (_request, reply) => {
    return reply.header('cache-control', 'public, max-age=300').document(current())
  })
}

export default jwks
