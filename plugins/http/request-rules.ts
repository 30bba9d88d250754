import { Ajv, type AnySchema, type ErrorObject, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AppOptions } from '../../src/app-options.ts'
import { Problem } from '../../src/errors.ts'
import { BODY_LIMIT, describeFaults, STRICT } from '../../src/http/validation.ts'
import { describeError } from '../../src/observability/request-log.ts'
import { requestId } from '../../src/transport/request-id.ts'

const ajv = new Ajv(STRICT)
addFormats.default(ajv)

/** What the validator of a schema returns: true, or what is wrong. */
export type Validated = true | { error: Problem }

type Validator = (data: unknown) => Validated

/** The validator of each schema, for all applications of the process. */
const validators = new Map<string, Validator>()

/**
 * Compiles a schema when it is first used: compiling all of them takes a tenth of the start. A fault is a Problem already
 * here: errors of ajv contain what was sent, such as a password, and hooks of another application may log them.
 */
function validatorOf(schema: AnySchema): Validator {
  const shape = JSON.stringify(schema)
  const known = validators.get(shape)
  if (known) return known
  let compiled: ValidateFunction | undefined
  const validator: Validator = (data) => {
    compiled ??= ajv.compile(schema)
    if (compiled(data)) return true
    const errors = describeFaults(compiled.errors as ErrorObject[])
    return { error: new Problem('VALIDATION_FAILED', { errors }) }
  }
  validators.set(shape, validator)
  return validator
}

/** The server of another application logs requests as it likes, but not their URL, which may hold a token. */
const SERIALIZERS = {
  req: ({ method, routeOptions }: FastifyRequest) => ({ method, route: routeOptions.url }),
  err: describeError
}

const childLogger: Parameters<FastifyInstance['setChildLoggerFactory']>[0] = (logger, bindings, options) =>
  logger.child(bindings, { ...options, serializers: { ...options.serializers, ...SERIALIZERS } })

type Shorthand = (this: FastifyInstance, url: string, options: object, handler: unknown) => FastifyInstance

/** Applies the contract's rules for requests, whatever options the server has. */
export default fp<AppOptions>(
  async (fastify, { insideAnother = false }) => {
    fastify.setValidatorCompiler(({ schema }) => validatorOf(schema) as never)
    fastify.setGenReqId(({ headers }) => requestId(headers['x-request-id']))
    fastify.addHook('onRoute', (route) => {
      route.bodyLimit ??= BODY_LIMIT
    })
    const { get } = fastify
    fastify.get = function (this: FastifyInstance, url: string, options: object, handler: unknown) {
      return (get as Shorthand).call(this, url, { ...options, exposeHeadRoute: true }, handler)
    } as typeof get
    if (insideAnother) fastify.setChildLoggerFactory(childLogger)
  },
  { name: 'request-rules' }
)
