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

const NAMES: readonly PropertyKey[] = ['roles', 'allRoles', 'scopes'] satisfies (keyof Needs)[]

const isNeed = (name: PropertyKey): name is keyof Needs => NAMES.includes(name)

/**
 * Requires that the needs are understood: one that is misspelled would let everybody in.
 *
 * @throws TypeError
 */
export function requireUnderstood(needs: Needs): void {
  if (!isPlainObject(needs)) throw new TypeError('authorize: the needs must be an object')
  for (const name of Reflect.ownKeys(needs)) {
    if (!isNeed(name)) throw new TypeError(`authorize: ${String(name)} is not known; there are ${NAMES.join(', ')}`)
    if (!isListOfNames(needs[name])) throw new TypeError(`authorize: ${name} must be a list of names`)
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

/** The properties of any other object, such as a Map, would not be seen. */
const isPlainObject = (value: unknown) =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** Spread, since `every` skips the holes of a list. Scopes stand in a header (RFC 6749 §3.3). */
const isListOfNames = (value: unknown) =>
  Array.isArray(value) && value.length > 0 && [...value].every((each) => typeof each === 'string' && NAME.test(each))

const NAME = /^[\x21\x23-\x5b\x5d-\x7e]+$/
