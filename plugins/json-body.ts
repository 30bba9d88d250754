import fp from 'fastify-plugin'
import { Problem } from '../src/errors.ts'
import { parseJson } from '../src/json.ts'

/** Bodies are JSON, read strictly, and nothing else. */
export default fp(
  async (fastify) => {
    fastify.removeAllContentTypeParsers()
    fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => {
      if (body.length === 0) throw new Problem('MALFORMED_REQUEST', { message: 'A JSON body is needed here.' })
      return parseJson(body)
    })
  },
  { name: 'json-body' }
)
