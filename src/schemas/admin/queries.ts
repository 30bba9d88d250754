import { Type } from '@sinclair/typebox'
import { Problem } from '../../errors.ts'
import { Id, nullable, strict } from '../fields.ts'

/** The number of entries on a page, as a query has it: 50 if it is missing. */
export const Limit = Type.String({
  pattern: '^(?:[1-9][0-9]?|1[0-9]{2}|200)$',
  description: 'a number from 1 to 200',
  examples: ['50']
})

export const DEFAULT_LIMIT = 50

/** Where a page begins. */
export const Cursor = Type.String({
  minLength: 1,
  maxLength: 100,
  description: '`next` of the page before'
})

export const Next = nullable(
  Type.String({ description: 'the `cursor` of the next page; null on the last page', examples: ['MTc2NDUy'] })
)

/** A time in a query. */
export const MomentText = Type.String({
  format: 'date-time',
  maxLength: 40,
  description: 'a time (RFC 3339)',
  examples: ['2026-01-31T12:00:00Z']
})

/** A path with the ids of an account and of one of its sessions. */
export const SessionPath = Type.Object({ id: Id, session: Id }, strict)

/** The years 1 to 9999. The format allows the year 0, and time zones lead out of it: the database refuses both. */
const STORABLE = /^(?!0000)\d{4}-/

/**
 * Converts a time in a query. The format allows a leap second, which Date does not, and years that PostgreSQL refuses.
 *
 * @param path JSON pointer of its key
 * @throws Problem VALIDATION_FAILED
 */
export function toMoment(path: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const moment = new Date(text)
  if (!Number.isNaN(moment.getTime()) && STORABLE.test(moment.toISOString())) return moment
  throw new Problem('VALIDATION_FAILED', { errors: [{ path, message: `must be ${MomentText.description}` }] })
}
