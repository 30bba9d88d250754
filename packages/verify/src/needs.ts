import type { Claims } from './claims.ts'
import { Problem } from './problem.ts'

/** What a route needs, beside a valid token. */
export interface Needs {
  /** At least one of these roles. */
  roles?: readonly string[]
  /** All of these roles. */
  allRoles?: readonly string[]
  /** All of these scopes. */
  scopes?: readonly string[]
}

const NAMES: readonly PropertyKey[] = ['roles', 'allRoles', 'scopes'] satisfies (keyof Needs)[]

const isNeed = (name: PropertyKey): name is keyof Needs => NAMES.includes(name)

/** The properties of any other object, such as a Map, would not be seen. */
const isPlainObject = (value: unknown) =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** Spread, since `every` skips the holes of a list. An empty list may be one that could not be read. */
const isListOfText = (value: unknown) =>
  Array.isArray(value) && value.length > 0 && [...value].every((entry) => typeof entry === 'string')

/** RFC 6749 §3.3; scopes stand in a header. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Prepares the check of what a route needs.
 *
 * @returns a function that returns the claims, or throws Problem FORBIDDEN
 * @throws TypeError for anything that would let in others than was meant, such as `role` in place of `roles`
 */
export function compileNeeds(needs: Needs): (claims: Claims) => Claims {
  if (!isPlainObject(needs)) throw new TypeError('needs must be an object')
  for (const name of Reflect.ownKeys(needs)) {
    if (!isNeed(name)) throw new TypeError(`${String(name)} is none of ${NAMES.join(', ')}`)
    if (!isListOfText(needs[name])) throw new TypeError(`${name} must be a list of text`)
  }
  const { roles, allRoles = [], scopes = [] } = needs
  if (!scopes.every((scope) => SCOPE.test(scope))) throw new TypeError('scopes has one that cannot be in a token')

  if (Object.keys(needs).length === 0) return (claims) => claims

  return (claims) => {
    const granted = claims.scope?.split(' ')
    if (!scopes.every((scope) => granted?.includes(scope))) throw forbidden('scope', `, scope="${scopes.join(' ')}"`)
    const has = (role: string) => claims.roles?.includes(role)
    if (!allRoles.every(has) || roles?.some(has) === false) throw forbidden('role')
    return claims
  }
}

const forbidden = (what: string, scope = '') =>
  new Problem('FORBIDDEN', {
    headers: { 'www-authenticate': `Bearer error="insufficient_scope"${scope}` },
    reason: `the token lacks a ${what} that the route needs`
  })
