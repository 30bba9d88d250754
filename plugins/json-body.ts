import fp from 'fastify-plugin'
import { parseJson } from '../src/json.ts'

/** Bodies are JSON, read strictly, and nothing else. */
export default fp(
  async (fastify) => {
    fastify.removeAllContentTypeParsers()
    fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => {
      // Nothing at all is for the route's schema to refuse: one that reads no body does not mind.
      return body.length === 0 ? undefined : parseJson(body)
    })
  },
  { name: 'json-body' }
)
