import { type Code, Problem } from '../errors.ts'

/** Why a change of an account is refused, in its record. */
export type RefusedChange = 'protected role' | 'last admin'

const REASONS: { [Each in Code]?: RefusedChange } = {
  ROLE_PROTECTED: 'protected role',
  LAST_ADMIN: 'last admin'
}

/** The refusals of one caller by one route are recorded once in this time, in milliseconds. */
export const REFUSALS_EVERY = 60_000

/** The reason of a refusal that is recorded as `admin refused`; undefined for any other error. */
export const refusedChange = (error: unknown): RefusedChange | undefined =>
  error instanceof Problem ? REASONS[error.code] : undefined
