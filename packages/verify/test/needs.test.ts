import { test } from 'tap'
import type { Claims } from '../src/claims.ts'
import { compileNeeds, type Needs } from '../src/needs.ts'
import { claimsOf } from './issuer.ts'

const claimsWith = (more: Pick<Claims, 'roles' | 'scope'>): Claims => ({ ...claimsOf(), ...more })

const PLAIN = 'Bearer error="insufficient_scope"'

test('who may', async (t) => {
  const cases: [needs: Needs, granted: Pick<Claims, 'roles' | 'scope'>, challenge?: string][] = [
    [{}, {}],
    [{ roles: ['editor'] }, { roles: ['editor'] }],
    [{ roles: ['editor', 'admin'] }, { roles: ['admin', 'author'] }],
    [{ roles: ['editor'] }, {}, PLAIN],
    [{ roles: ['editor'] }, { roles: [] }, PLAIN],
    [{ roles: ['admin'] }, { roles: ['superadmin', 'Admin', 'admin '] }, PLAIN],
    [{ allRoles: ['editor', 'author'] }, { roles: ['author', 'editor'] }],
    [{ allRoles: ['editor', 'author'] }, { roles: ['author'] }, PLAIN],
    [{ roles: ['a', 'b'], allRoles: ['c'] }, { roles: ['b', 'c'] }],
    [{ roles: ['a', 'b'], allRoles: ['c'] }, { roles: ['c'] }, PLAIN],
    [{ scopes: ['read'] }, { scope: 'write read' }],
    [{ scopes: ['read', 'write'] }, { scope: 'read' }, `${PLAIN}, scope="read write"`],
    [{ scopes: ['read'] }, { scope: 'reader' }, `${PLAIN}, scope="read"`],
    [{ scopes: ['read'] }, {}, `${PLAIN}, scope="read"`],
    [{ scopes: ['read'], roles: ['admin'] }, { scope: 'read' }, PLAIN]
  ]
  for (const [needs, granted, challenge] of cases) {
    const name = JSON.stringify({ needs, granted })
    const claims = claimsWith(granted)
    if (challenge === undefined) t.equal(compileNeeds(needs)(claims), claims, name)
    else {
      t.throws(
        () => compileNeeds(needs)(claims),
        {
          code: 'FORBIDDEN',
          headers: { 'www-authenticate': challenge },
          reason: /^the token lacks a (?:role|scope) that the route needs$/
        },
        name
      )
    }
  }
})

test('needs that would let in others than was meant are refused when the route is made', async (t) => {
  const cases: [needs: object, message: string][] = [
    [{ role: ['admin'] }, 'role is none of roles, allRoles, scopes'],
    [{ roles: 'admin' }, 'roles must be a list of text'],
    [{ roles: undefined }, 'roles must be a list of text'],
    [{ roles: [] }, 'roles must be a list of text'],
    [{ allRoles: [5] }, 'allRoles must be a list of text'],
    [{ scopes: null }, 'scopes must be a list of text'],
    [{ scopes: ['read write'] }, 'scopes has one that cannot be in a token'],
    [{ scopes: ['read"'] }, 'scopes has one that cannot be in a token'],
    [{ scopes: [''] }, 'scopes has one that cannot be in a token'],
    [{ allRoles: new Array(2) }, 'allRoles must be a list of text'],
    [{ allRoles: [] }, 'allRoles must be a list of text'],
    [{ [Symbol('roles')]: ['admin'] }, 'Symbol(roles) is none of roles, allRoles, scopes'],
    ...[null, 5, true, '', [], new Map([['roles', ['admin']]]), Object.create({ roles: ['admin'] })].map(
      (needs): [never, string] => [needs as never, 'needs must be an object']
    )
  ]
  for (const [needs, message] of cases) t.throws(() => compileNeeds(needs), new TypeError(message), message)
})
