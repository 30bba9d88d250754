import type { TSchema } from '@sinclair/typebox'
import { Ajv, type ErrorObject } from 'ajv'
import formats from 'ajv-formats'
import { describeFaults, STRICT } from '../../src/http/validation.ts'
import { SHARED } from '../../src/schemas/shared.ts'

/**
 * Compiles a schema with the options of the service.
 *
 * @returns a function that validates a value: the faults as `path message`, none if it is valid
 */
export function validator(schema: TSchema): (value: unknown) => string[] {
  const ajv = new Ajv({ ...STRICT, strict: false })
  formats.default(ajv)
  for (const shared of SHARED) ajv.addSchema(shared)
  const { $id: _, ...anonymous } = schema
  const validate = ajv.compile(anonymous)
  return (value) => {
    if (validate(value)) return []
    return describeFaults(validate.errors as ErrorObject[]).map(({ path, message }) => `${path} ${message}`.trim())
  }
}

/** `count` times the letter x. */
export const letters = (count: number) => 'x'.repeat(count)
