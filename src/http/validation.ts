import type { ErrorObject, Options } from 'ajv'
import type { Fault } from '../errors.ts'

/** The most that a body may have, in bytes. */
export const BODY_LIMIT = 16_384

/** How requests are validated. Fastify's defaults would strip unknown keys and turn "1" into 1. */
export const STRICT = {
  removeAdditional: false,
  coerceTypes: false,
  useDefaults: false,
  allErrors: true,
  // Our own schemas, checked when they were written; checking them at each start takes time.
  validateSchema: false,
  // A fault is described in the words of its schema.
  verbose: true
} as const satisfies Options

/** How many faults one answer lists. */
const MOST = 20

/** How much of an unknown key is given back, in characters of its pointer. */
const LONGEST = 64

/** Says of each fault that the validator found which key it is at, and what is wrong, without any value. */
export function describeFaults(errors: ErrorObject[]): Fault[] {
  return errors
    .filter((error, index) => !isConsequence(error) && !isRepeated(error, errors[index - 1]))
    .slice(0, MOST)
    .map((error) => ({ path: pathOf(error), message: messageOf(error) }))
}

/** A format and a pattern of one value are described by the same words: one of them says it. */
function isRepeated({ instancePath, keyword }: ErrorObject, before: ErrorObject | undefined): boolean {
  const shape = ['format', 'pattern']
  return shape.includes(keyword) && shape.includes(String(before?.keyword)) && instancePath === before?.instancePath
}

/** Each alternative's own fault, where the choice among them is the fault; and that choice for what is no object. */
function isConsequence({ schemaPath, keyword, data }: ErrorObject): boolean {
  return /\/(?:anyOf|oneOf)\/\d+\//.test(schemaPath) || (keyword === 'oneOf' && !isObject(data))
}

const isObject = (data: unknown) => typeof data === 'object' && data !== null && !Array.isArray(data)

/** The JSON pointer (RFC 6901) of the key at fault; that of a missing or unknown key is its own, not its parent's. */
function pathOf({ instancePath, params }: ErrorObject): string {
  const key: string | undefined = params.missingProperty ?? params.additionalProperty
  return key === undefined ? instancePath : cut(`${instancePath}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
}

/** Never through the middle of an escape or of a surrogate pair. */
function cut(pointer: string): string {
  return pointer.length <= LONGEST ? pointer : pointer.slice(0, LONGEST).replace(/[~\uD800-\uDBFF]$/, '')
}

function messageOf({ keyword, params, schema, parentSchema, message }: ErrorObject): string {
  switch (keyword) {
    case 'additionalProperties':
      return 'is not a known key'
    case 'required':
      return 'is required'
    case 'minLength':
      return `must have at least ${params.limit} characters`
    case 'maxLength':
      return `must have at most ${params.limit} characters`
    case 'anyOf':
      return `at least one of ${alternatives(schema)} is required`
    case 'oneOf':
      return `exactly one of ${alternatives(schema)} is required`
    case 'pattern':
    case 'format':
      return `must be ${parentSchema?.description}`
    default:
      return String(message)
  }
}

function alternatives(schemas: unknown): string {
  return (schemas as { required: string[] }[]).flatMap(({ required }) => required).join(' and ')
}
