import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { type Document, isUnmodified } from '../../src/http/document.ts'
import { decorateReply } from './own-property.ts'

declare module 'fastify' {
  interface FastifyReply {
    /**
     * Answers with a document, or with 304 if the client has it. Set other headers before: a cache replaces those that it
     * stored by those of a 304 (RFC 9111 §4.3.4).
     */
    document(document: Document): FastifyReply
  }
}

/** Serves documents that are serialised once: doing it for each request would take milliseconds. */
export default fp<AppOptions>(
  async (fastify, { insideAnother }) => {
    const send: FastifyReply['document'] = function (this: FastifyReply, { body, type, etag }) {
      const { headers, method } = this.request
      this.header('etag', etag)
      if (!isUnmodified(headers['if-none-match'], etag)) return this.type(type).send(body)
      // A 304 to HEAD has no Content-Length or that of the document, which Fastify derives from the body (RFC 9110 §8.6).
      return this.code(304)
        .type(type)
        .send(method === 'HEAD' ? body : undefined)
    }
    decorateReply(fastify, { insideAnother }, 'document', { value: send })
  },
  { name: 'documents' }
)
