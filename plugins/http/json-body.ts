import type { preParsingHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { isEncoded, parseJson } from '../../src/http/json-body.ts'
import { NoBody } from '../../src/schemas/answers.ts'

/** Accepts only JSON bodies, and parses them strictly. */
export default fp(
  async (fastify) => {
    fastify.removeAllContentTypeParsers()
    fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => {
      // An empty body is refused by the schema of a route that reads one.
      return body.length === 0 ? undefined : parseJson(body)
    })

    // 415 comes after authentication and before the body is read.
    const refuseEncoded: preParsingHookHandler = ({ headers }, _reply, payload, done) => {
      if (!isEncoded(headers['content-encoding'])) return done(null, payload)
      // RFC 9110 §12.5.3 and §15.5.16.
      done(new Problem('UNSUPPORTED_MEDIA_TYPE', { headers: { 'accept-encoding': 'identity' } }))
    }

    fastify.addHook('onRoute', (route) => {
      const { body } = route.schema ?? {}
      if (body && body !== NoBody) route.preParsing = [refuseEncoded].concat(route.preParsing ?? [])
    })
  },
  { name: 'json-body' }
)
