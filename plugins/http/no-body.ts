import type { onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { isEncoded } from '../../src/http/json-body.ts'
import { NoBody } from '../../src/schemas/answers.ts'

/** What stands for any type but JSON while a body is read of which nothing is expected. */
const UNREAD = 'application/x-unread'

/** A route that reads no body ignores an empty one, whatever its content type says: browsers send DELETE so. */
export default fp(
  async (fastify) => {
    fastify.addContentTypeParser(UNREAD, { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => {
      if (body.length > 0) throw new Problem('UNSUPPORTED_MEDIA_TYPE')
    })

    // Whether it is empty is known when it has been read, which a type that nobody takes would not come to.
    const readAnyway: onRequestHookHandler = ({ raw: { headers } }, _reply, done) => {
      const { 'content-type': type, 'content-encoding': coding, 'transfer-encoding': encoding } = headers
      const isAnnounced = type !== undefined || encoding !== undefined
      const isJson = /^application\/json\s*(?:;|$)/i.test(String(type)) && !isEncoded(coding)
      if (isAnnounced && !isJson) headers['content-type'] = UNREAD
      done()
    }

    fastify.addHook('onRoute', (route) => {
      if (route.schema?.body === NoBody) route.onRequest = [readAnyway].concat(route.onRequest ?? [])
    })
  },
  { name: 'no-body', dependencies: ['json-body'] }
)
