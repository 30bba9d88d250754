import { type Fault, type Problem, REQUIRED } from '../errors.ts'
import { CURRENT_PASSWORD, RECOVERY_CODE, TOTP } from './fields.ts'
import type { Field, FormErrors } from './form.ts'
import { type PageContext, say } from './layout.ts'
import type { TextKey } from './texts.ts'

/** Converts a problem to error messages for a form: at the fields concerned, or as the summary. */
export function describeErrors(page: PageContext, problem: Problem, fields: readonly Field[]): FormErrors {
  const messages = Object.fromEntries(
    fields.flatMap((field) => {
      const faults = faultsAt(page, problem, field)
      return faults.length > 0 ? [[field.name, [...new Set(faults)].join(' ')]] : []
    })
  )
  const marked = Object.keys(messages).length > 0
  return { summary: marked ? say(page, 'fault.marked') : describeProblem(page, problem), fields: messages }
}

/** The names of the fields for the code of an app and for a recovery code. */
const CODES = [TOTP.name, RECOVERY_CODE.name]

/** The fields that prove something in a form with several of them. */
const PROOFS = [TOTP, RECOVERY_CODE, CURRENT_PASSWORD]

/**
 * Converts a problem with an answer to a challenge to error messages: of several fields, only the one that was filled in
 * is marked. A passkey has no field.
 */
export function describeProofErrors(page: PageContext, problem: Problem, answers: Record<string, unknown>): FormErrors {
  if (problem.code === 'MFA_CODE_INVALID' && answers.credential !== undefined) {
    return { summary: say(page, 'passkey.invalid'), fields: {} }
  }
  const tried = PROOFS.filter(({ name }) => answers[name] !== undefined)
  return describeErrors(page, problem, tried)
}

function faultsAt(page: PageContext, { code, errors = [] }: Problem, field: Field): string[] {
  if (code === 'INVALID_CREDENTIALS') {
    return field.autocomplete === 'current-password' ? [say(page, 'fault.password')] : []
  }
  if (code === 'MFA_CODE_INVALID') return CODES.includes(field.name) ? [say(page, 'fault.code')] : []
  return errors.filter(({ path }) => path === `/${field.name}`).map((fault) => sentence(page, field, fault))
}

const PASSWORD_RULES: Record<string, TextKey> = {
  min_length: 'fault.password.min_length',
  max_bytes: 'fault.password.max_bytes',
  common: 'fault.password.common',
  same_as_name: 'fault.password.same_as_name'
}

function sentence(
  page: PageContext,
  { hint, invalid = 'fault.invalid', type }: Field,
  { rule, message }: Fault
): string {
  if (message === REQUIRED) return say(page, 'fault.required')
  if (rule === 'taken') return say(page, type === 'email' ? 'problem.address' : 'problem.username')
  return say(page, PASSWORD_RULES[String(rule)] ?? invalid, hint?.values)
}

const TEXTS: Partial<Record<Problem['code'], TextKey>> = {
  INVALID_CREDENTIALS: 'problem.credentials',
  EMAIL_UNVERIFIED: 'problem.unverified',
  MFA_CODE_INVALID: 'fault.code',
  MFA_TOKEN_INVALID: 'sign-in.expired',
  PASSKEY_UNKNOWN: 'passkey.unknown',
  PASSKEY_INVALID: 'passkey.invalid',
  PASSKEY_REJECTED: 'passkeys.rejected',
  TOKEN_INVALID: 'problem.signed-out',
  FORBIDDEN: 'problem.form',
  ACCOUNT_EXISTS: 'problem.address',
  NOT_FOUND: 'problem.gone',
  LAST_ADMIN: 'problem.last-admin',
  LAST_CREDENTIAL: 'problem.last',
  BODY_TOO_LARGE: 'problem.too-long',
  TOO_MANY_REQUESTS: 'problem.too-many',
  OVERLOADED: 'problem.busy',
  DATABASE_UNAVAILABLE: 'problem.busy',
  MAIL_UNAVAILABLE: 'problem.mail',
  INTERNAL: 'problem.internal'
}

/** Describes a problem that concerns no field. */
export function describeProblem(page: PageContext, { code, headers }: Problem): string {
  const when = page.language.later(Number(headers['retry-after'] ?? 0))
  return say(page, TEXTS[code] ?? 'problem.unreadable', { when })
}
