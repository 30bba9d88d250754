import type { preParsingHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../../src/errors.ts'
import { isEncoded, parseJson } from '../../src/http/json-body.ts'
import { NoBody } from '../../src/schemas/answers.ts'

/** Bodies are JSON, read strictly, and nothing else. */
export default fp(
  async (fastify) => {
    fastify.removeAllContentTypeParsers()
    fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => {
      // Nothing at all is for the route's schema to refuse: one that reads no body does not mind.
      return body.length === 0 ? undefined : parseJson(body)
    })

    // After authentication and before the body is read: the place of 415 in the order of refusal.
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
