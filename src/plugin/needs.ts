import { scopeChallenge } from '../admin/scopes.ts'
import { Problem } from '../errors.ts'
import type { Claims } from '../tokens/claims.ts'

/** What a route asks of an access token: all that is named. */
export interface Needs {
  /** One of these roles. */
  roles?: readonly string[]
  /** Each of these roles. */
  allRoles?: readonly string[]
  /** Each of these scopes. */
  scopes?: readonly string[]
}

const NAMES = ['roles', 'allRoles', 'scopes']

/**
 * Requires that the needs are understood: one that is misspelled would let everybody in.
 *
 * @throws TypeError
 */
export function requireUnderstood(needs: Needs): void {
  if (Object.getPrototypeOf(needs) !== Object.prototype) throw new TypeError('authorize: the needs must be an object')
  for (const [name, value] of Object.entries(needs)) {
    if (!NAMES.includes(name)) throw new TypeError(`authorize: ${name} is not known; there are ${NAMES.join(', ')}`)
    if (!isListOfText(value) || value.length === 0) throw new TypeError(`authorize: ${name} must be a list of names`)
  }
}

/**
 * Requires that a token has what is needed.
 *
 * @throws Problem FORBIDDEN
 */
export function requireNeeds(claims: Claims, { roles, allRoles = [], scopes = [] }: Needs): void {
  const held = claims.roles ?? []
  const { scope } = claims as { scope?: unknown }
  const granted = typeof scope === 'string' ? scope.split(' ') : []
  const isAllowed =
    (roles === undefined || roles.some((role) => held.includes(role))) &&
    allRoles.every((role) => held.includes(role)) &&
    scopes.every((each) => granted.includes(each))
  if (isAllowed) return
  const challenge = scopes.length > 0 ? `${scopeChallenge()}, scope="${scopes.join(' ')}"` : scopeChallenge()
  throw new Problem('FORBIDDEN', { headers: { 'www-authenticate': challenge } })
}

const isListOfText = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string')
