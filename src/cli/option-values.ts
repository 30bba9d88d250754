import { InvalidArgumentError } from 'commander'
import { isId } from '../admin/accounts.ts'

const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/

/** An option that is a moment (RFC 3339), or the beginning of a day in UTC. */
export function time(text: string): Date {
  const moment = new Date(TIME.test(text) ? text : Number.NaN)
  if (!Number.isNaN(moment.getTime())) return moment
  throw new InvalidArgumentError('It must be a time such as 2026-01-31T12:00:00Z, or a day such as 2026-01-31.')
}

/** An option that is the id of an account or a session. */
export function id(text: string): string {
  if (isId(text)) return text
  throw new InvalidArgumentError('It must be an id such as 01890a5d-ac96-774b-bcce-b302099a8057.')
}

/** For an option or argument that is a whole number. */
export const wholeNumber = (least: number, most: number) => (text: string) => {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
}
