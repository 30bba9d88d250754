import { Ajv, type AnySchema, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import fp from 'fastify-plugin'
import { BODY_LIMIT, STRICT } from '../../src/http/validation.ts'
import { requestId } from '../../src/transport/request-id.ts'

const ajv = new Ajv(STRICT)
addFormats.default(ajv)

/** The validator of each schema, for all applications of the process. */
const compiled = new Map<string, ValidateFunction>()

function validatorOf(schema: AnySchema): ValidateFunction {
  const shape = JSON.stringify(schema)
  const validator = compiled.get(shape) ?? ajv.compile(schema)
  compiled.set(shape, validator)
  return validator
}

/** Applies the contract's rules for requests, whatever options the server has. */
export default fp(
  async (fastify) => {
    fastify.setValidatorCompiler(({ schema }) => validatorOf(schema))
    fastify.setGenReqId(({ headers }) => requestId(headers['x-request-id']))
    fastify.addHook('onRoute', (route) => {
      route.bodyLimit ??= BODY_LIMIT
    })
  },
  { name: 'request-rules' }
)
