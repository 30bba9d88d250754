import { Ajv, type ErrorObject } from 'ajv'
import addFormats from 'ajv-formats'
import { Problem } from '../errors.ts'
import { describeFaults } from '../http/validation.ts'
import { type Names, NewNames } from '../schemas/users.ts'

const ajv = new Ajv({ allErrors: true, validateSchema: false, verbose: true })
addFormats.default(ajv, ['email'])
const isValid = ajv.compile<Names>(NewNames)

/**
 * Validates names that do not come from a request, by the schema of `/register`.
 *
 * @throws Problem VALIDATION_FAILED with every fault
 */
export function validateNewNames(names: unknown): Names {
  if (isValid(names)) return names
  throw new Problem('VALIDATION_FAILED', { errors: describeFaults(isValid.errors as ErrorObject[]) })
}
