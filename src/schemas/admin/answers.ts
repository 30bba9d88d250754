import type { Code } from '../../errors.ts'
import { BEARER } from '../answers.ts'

/** Who may call an operation that service keys with a scope may call too. */
export const OPERATORS = [{ bearer: [] }, { serviceKey: [] }]

/** Who may call an operation of administrators alone. */
export const ADMINISTRATORS = [{ bearer: [] }]

/** Additional codes of every route of the admin API. */
export const ADMIN_CODES: Code[] = [
  ...BEARER,
  'STEP_UP_REQUIRED',
  'FORBIDDEN',
  'TOO_MANY_REQUESTS',
  'DATABASE_UNAVAILABLE'
]

/** Additional codes of a route that changes an account. */
export const CHANGE_CODES: Code[] = [...ADMIN_CODES, 'ROLE_PROTECTED', 'NOT_FOUND']
