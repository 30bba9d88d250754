import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { type Document, isUnmodified } from '../../src/http/document.ts'

declare module 'fastify' {
  interface FastifyReply {
    /**
     * Answers with a document, or with 304 where the client has it. What else the answer carries has to be set before: a
     * cache takes the headers of a 304 in place of those that it keeps (RFC 9111 §4.3.4).
     */
    document(document: Document): FastifyReply
  }
}

/** Answers that are made once and kept as bytes: serialising them for each request takes milliseconds. */
export default fp(
  async (fastify) => {
    fastify.decorateReply('document', function (this: FastifyReply, { body, type, etag }) {
      const { headers, method } = this.request
      this.header('etag', etag)
      if (!isUnmodified(headers['if-none-match'], etag)) return this.type(type).send(body)
      // A 304 to HEAD has no length or that of the document, and Fastify takes it from the body (RFC 9110 §8.6).
      return this.code(304)
        .type(type)
        .send(method === 'HEAD' ? body : undefined)
    })
  },
  { name: 'documents' }
)
