import type { onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { isEncoded } from '../../src/http/json-body.ts'
import { NoBody } from '../../src/schemas/answers.ts'

/** Replaces any content type but JSON on a route that reads no body. */
const UNREAD = 'application/x-unread'

/** A route that reads no body accepts an empty one of any content type: browsers send DELETE like that. */
export default fp(
  async (fastify) => {
    fastify.addContentTypeParser(UNREAD, { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => {
      if (body.length > 0) throw new Problem('UNSUPPORTED_MEDIA_TYPE')
    })

    // Whether a body is empty is known only once it is read, and Fastify does not read a type that it has no parser for.
    const acceptAnyType: onRequestHookHandler = ({ raw: { headers } }, _reply, done) => {
      const { 'content-type': type, 'content-encoding': coding, 'transfer-encoding': encoding } = headers
      const isAnnounced = type !== undefined || encoding !== undefined
      const isJson = /^application\/json\s*(?:;|$)/i.test(String(type)) && !isEncoded(coding)
      if (isAnnounced && !isJson) headers['content-type'] = UNREAD
      done()
    }

    fastify.addHook('onRoute', (route) => {
      if (route.schema?.body === NoBody) route.onRequest = [acceptAnyType].concat(route.onRequest ?? [])
    })
  },
  { name: 'no-body', dependencies: ['json-body'] }
)
