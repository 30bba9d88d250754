import type { Fault, Problem } from '../errors.ts'
import { countOf } from '../plural.ts'
import type { Field, FormErrors } from './form.ts'

/** Converts a problem to error messages for a form: at the fields concerned, or as the summary. */
export function describeErrors(problem: Problem, fields: Field[]): FormErrors {
  const messages = Object.fromEntries(
    fields.flatMap((field) => {
      const faults = faultsAt(problem, field)
      return faults.length > 0 ? [[field.name, faults.join(' ')]] : []
    })
  )
  const marked = Object.keys(messages).length > 0
  return { summary: marked ? 'Check what is marked below.' : describe(problem), fields: messages }
}

function faultsAt({ code, errors = [] }: Problem, field: Field): string[] {
  if (code === 'INVALID_CREDENTIALS') return field.autocomplete === 'current-password' ? ['The password is wrong.'] : []
  return errors.filter(({ path }) => path === `/${field.name}`).map((fault) => sentence(field, fault))
}

function sentence({ called, type }: Field, { rule, message }: Fault): string {
  if (message === 'is required') return `Enter ${called}.`
  if (type === 'email') return 'Enter a complete email address, such as ada@example.com.'
  const what = `${called.charAt(0).toUpperCase()}${called.slice(1)}`
  return rule === 'max_bytes' ? `${what} is too long.` : `${what} ${message}.`
}

/** Describes a problem that concerns no field. */
function describe({ code, headers }: Problem): string {
  const later = `Try again in ${duration(Number(headers['retry-after']))}.`
  switch (code) {
    case 'FORBIDDEN':
      return 'This form did not come from our own page. Open the page again, and send the form from there.'
    case 'ACCOUNT_EXISTS':
      return 'Another account uses this address by now.'
    case 'BODY_TOO_LARGE':
      return 'What you entered is too long. Go back, and enter less.'
    case 'TOO_MANY_REQUESTS':
      return `There were too many attempts. ${later}`
    case 'OVERLOADED':
    case 'DATABASE_UNAVAILABLE':
      return `The service is busy at the moment. ${later}`
    case 'MAIL_UNAVAILABLE':
      return 'This service sends no mail at the moment.'
    case 'INTERNAL':
      return 'Something went wrong on our side. Try again later.'
    default:
      return 'The form could not be read. Open the page again, and send the form from there.'
  }
}

/** Formats seconds in a larger unit, rounded up. */
function duration(seconds: number): string {
  if (seconds < 60) return countOf(seconds, 'second')
  if (seconds < 3600) return countOf(Math.ceil(seconds / 60), 'minute')
  return countOf(Math.ceil(seconds / 3600), 'hour')
}
