import { InvalidArgumentError } from 'commander'
import { isId } from '../admin/accounts.ts'
import { isRole, MAX_ROLES, ServiceKeyName } from '../schemas/fields.ts'

const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/

/** Parses an option that is a time (RFC 3339), or a date, which means the start of that day in UTC. */
export function time(text: string): Date {
  const moment = new Date(TIME.test(text) ? text : Number.NaN)
  if (!Number.isNaN(moment.getTime())) return moment
  throw new InvalidArgumentError('It must be a time such as 2026-01-31T12:00:00Z, or a date such as 2026-01-31.')
}

/** Parses an option that is the id of an account or a session. */
export function id(text: string): string {
  if (isId(text)) return text
  throw new InvalidArgumentError('It must be an id such as 01890a5d-ac96-774b-bcce-b302099a8057.')
}

/** Returns a parser for an option or argument that is a whole number in a range, both bounds included. */
export const wholeNumber = (min: number, max: number) => (text: string) => {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
}

/** The option of commands that may remove the last administrator. */
export const FORCE = ['--force', 'even if it leaves no administrator'] as const

/** Parses an option that is a role, and may be repeated. */
export function addRole(text: string, roles: string[] = []): string[] {
  if (!isRole(text)) throw new InvalidArgumentError('It must be the name of a role, such as editor.')
  if (roles.length === MAX_ROLES) throw new InvalidArgumentError(`An account has at most ${MAX_ROLES} roles.`)
  return [...roles, text]
}

/** Parses the name of a service key. */
export function serviceKeyName(text: string): string {
  const { maxLength, pattern } = ServiceKeyName as { maxLength: number; pattern: string }
  if ([...text].length <= maxLength && new RegExp(pattern, 'u').test(text)) return text
  throw new InvalidArgumentError(
    `It must have 1 to ${maxLength} characters, no control or invisible characters, and no space at the ends.`
  )
}
