import type { ErrorObject, Options } from 'ajv'
import { type Fault, MAX_FAULTS, pointerTo, REQUIRED } from '../errors.ts'

/** The maximum size of a body, in bytes. */
export const BODY_LIMIT = 16_384

/** Options of ajv for requests. Fastify's defaults would remove unknown keys and coerce "1" to 1. */
export const STRICT = {
  removeAdditional: false,
  coerceTypes: false,
  useDefaults: false,
  allErrors: true,
  // Tests validate the schemas; validating them at each start takes time.
  validateSchema: false,
  // Error messages use the description in the schema.
  verbose: true
} as const satisfies Options

/**
 * Converts errors of ajv to faults: a JSON pointer (RFC 6901) and a message each. Contains no value that the client sent.
 */
export function describeFaults(errors: ErrorObject[]): Fault[] {
  return errors
    .filter((error, index) => !isConsequence(error) && !isRepeated(error, errors[index - 1]))
    .slice(0, MAX_FAULTS)
    .map((error) => ({ path: pathOf(error), message: messageOf(error) }))
}

/** Whether an error repeats the one before: a format and a pattern of one value have the same message. */
function isRepeated({ instancePath, keyword }: ErrorObject, before: ErrorObject | undefined): boolean {
  const shape = ['format', 'pattern']
  return shape.includes(keyword) && shape.includes(String(before?.keyword)) && instancePath === before?.instancePath
}

/** Whether another error reports the same: one inside an alternative of `anyOf`, or `oneOf` on a value of another type. */
function isConsequence({ schemaPath, keyword, data }: ErrorObject): boolean {
  return /\/(?:anyOf|oneOf)\/\d+\//.test(schemaPath) || (keyword === 'oneOf' && !isObject(data))
}

const isObject = (data: unknown) => typeof data === 'object' && data !== null && !Array.isArray(data)

/** The JSON pointer (RFC 6901) of the key, also if it is missing or unknown, where ajv reports its parent. */
function pathOf({ instancePath, params }: ErrorObject): string {
  const key: string | undefined = params.missingProperty ?? params.additionalProperty
  return key === undefined ? instancePath : pointerTo(instancePath, key)
}

function messageOf({ keyword, params, schema, parentSchema, message }: ErrorObject): string {
  switch (keyword) {
    case 'additionalProperties':
      return 'is not a known key'
    case 'required':
      return REQUIRED
    case 'minLength':
      return `must have at least ${params.limit} characters`
    case 'maxLength':
      return `must have at most ${params.limit} characters`
    case 'maxItems':
      return `must have at most ${params.limit} items`
    case 'anyOf':
      return nullableOf(schema) ?? `at least one of ${alternatives(schema)} is required`
    case 'oneOf':
      return `exactly one of ${alternatives(schema)} is required`
    case 'pattern':
    case 'format':
      return `must be ${parentSchema?.description}`
    default:
      return String(message)
  }
}

/** The message for the alternatives of `nullable`; undefined for others. */
function nullableOf(schemas: unknown): string | undefined {
  const [shape, other] = schemas as { type?: string; description?: string }[]
  return other?.type === 'null' ? `must be ${shape?.description}, or null` : undefined
}

function alternatives(schemas: unknown): string {
  return (schemas as { required: string[] }[]).flatMap(({ required }) => required).join(' and ')
}
