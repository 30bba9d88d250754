import { test } from 'tap'
import { type Needs, requireNeeds, requireUnderstood } from '../../../src/plugin/needs.ts'
import type { Claims } from '../../../src/tokens/claims.ts'

const claims = (given: object) => given as unknown as Claims

test('a token has what is needed, or is refused', (t) => {
  const insufficient = 'Bearer error="insufficient_scope"'
  const cases: [needs: Needs, given: object, challenge?: string][] = [
    [{}, {}],
    [{ roles: ['editor', 'author'] }, { roles: ['author'] }],
    [{ roles: ['editor'] }, { roles: ['author'] }, insufficient],
    [{ roles: ['editor'] }, {}, insufficient],
    [{ allRoles: ['author', 'editor'] }, { roles: ['author', 'editor', 'more'] }],
    [{ allRoles: ['author', 'editor'] }, { roles: ['author'] }, insufficient],
    [{ scopes: ['read', 'write'] }, { scope: 'write read' }],
    [{ scopes: ['read', 'write'] }, { scope: 'read' }, `${insufficient}, scope="read write"`],
    [{ scopes: ['read'] }, { scope: ['read'] }, `${insufficient}, scope="read"`],
    [{ roles: ['editor'], scopes: ['read'] }, { roles: ['editor'] }, `${insufficient}, scope="read"`]
  ]
  for (const [needs, given, challenge] of cases) {
    const require = () => requireNeeds(claims(given), needs)
    if (challenge === undefined) t.doesNotThrow(require)
    else t.throws(require, { code: 'FORBIDDEN', statusCode: 403, headers: { 'www-authenticate': challenge } })
  }
  t.end()
})

test('needs that are not understood are refused when the route is made', (t) => {
  for (const [needs, message] of [
    [{ role: ['editor'] }, /role is not known; there are roles, allRoles, scopes/],
    [{ roles: 'editor' }, /roles must be a list of names/],
    [{ roles: [] }, /roles must be a list of names/],
    [{ scopes: [5] }, /scopes must be a list of names/],
    [{ scopes: ['read" error="'] }, /scopes must be a list of names/],
    [{ scopes: ['read write'] }, /scopes must be a list of names/],
    [{ allRoles: new Array(2) }, /allRoles must be a list of names/],
    [[], /the needs must be an object/],
    [{ [Symbol('roles')]: ['editor'] }, /Symbol\(roles\) is not known/],
    [null, /the needs must be an object/],
    [5, /the needs must be an object/],
    [Object.create({ roles: ['editor'] }), /the needs must be an object/],
    ['', /the needs must be an object/],
    [new Map([['roles', ['editor']]]), /the needs must be an object/]
  ] as const) {
    t.throws(() => requireUnderstood(needs as never), { name: 'TypeError', message })
  }
  t.doesNotThrow(() => requireUnderstood({ roles: ['editor'], allRoles: ['author'], scopes: ['read'] }))
  t.end()
})
