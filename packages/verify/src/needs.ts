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

const NAMES = ['roles', 'allRoles', 'scopes']

/** RFC 6749 §3.3; scopes stand in a header. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Prepares the check of what a route needs.
 *
 * @returns a function that returns the claims, or throws Problem FORBIDDEN
 * @throws TypeError for anything that would let in others than was meant, such as `role` in place of `roles`
 */
export function compileNeeds(needs: Needs): (claims: Claims) => Claims {
  for (const [name, list] of Object.entries(needs)) {
    if (!NAMES.includes(name)) throw new TypeError(`${name} is none of ${NAMES.join(', ')}`)
    if (!Array.isArray(list) || !list.every((entry) => typeof entry === 'string')) {
      throw new TypeError(`${name} must be a list of text`)
    }
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
