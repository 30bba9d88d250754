import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import fp from 'fastify-plugin'
import { BODY_LIMIT, STRICT } from '../../src/http/validation.ts'
import { requestId } from '../../src/transport/request-id.ts'

/** Applies the contract's rules for requests, whatever options the server has. */
export default fp(
  async (fastify) => {
    const ajv = new Ajv(STRICT)
    addFormats.default(ajv)
    fastify.setValidatorCompiler(({ schema }) => ajv.compile(schema))
    fastify.setGenReqId(({ headers }) => requestId(headers['x-request-id']))
    fastify.addHook('onRoute', (route) => {
      route.bodyLimit ??= BODY_LIMIT
    })
  },
  { name: 'request-rules' }
)
